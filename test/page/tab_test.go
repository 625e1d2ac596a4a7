package page

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// Tab is a page in the browser, and a record of what it did.
type Tab struct {
	b       *Browser
	session string
	loaded  chan struct{} // closed when the page and its scripts are there

	mu       sync.Mutex
	requests []string // addresses that were asked for
	trouble  []string // exceptions, and whatever else the console shows
}

// Visit opens a page of this size, in CSS pixels, and waits until it has loaded. A browser visits one at a time.
func (b *Browser) Visit(url string, width, height int) *Tab {
	b.t.Helper()
	tab := &Tab{b: b, loaded: make(chan struct{})}
	b.mu.Lock()
	b.heard = tab.record
	b.mu.Unlock()
	var target struct{ TargetID string }
	tab.must("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	tab.must("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	tab.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		tab.must(domain+".enable", struct{}{}, nil)
	}
	tab.Resize(width, height)
	tab.must("Page.navigate", map[string]any{"url": url}, nil)
	select {
	case <-tab.loaded:
	case <-time.After(bed.Patience):
		b.t.Fatalf("%s has not loaded in %s", url, bed.Patience)
	}
	return tab
}

// Resize gives the page another size.
func (tab *Tab) Resize(width, height int) {
	tab.b.t.Helper()
	tab.must("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// Dark has the page believe that its reader prefers dark, or light.
func (tab *Tab) Dark(dark bool) {
	tab.b.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	tab.must("Emulation.setEmulatedMedia",
		map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Press presses a key: an editing key by its name, such as Enter, or a letter.
func (tab *Tab) Press(key string) {
	tab.b.t.Helper()
	down := map[string]any{"type": "keyDown", "key": key}
	if len(key) == 1 {
		down["text"] = key
	}
	tab.must("Input.dispatchKeyEvent", down, nil)
	tab.must("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key}, nil)
}

// Picture is what the page looks like, as PNG.
func (tab *Tab) Picture() []byte {
	tab.b.t.Helper()
	var shot struct{ Data []byte }
	tab.must("Page.captureScreenshot", map[string]any{"format": "png", "optimizeForSpeed": false}, &shot)
	return shot.Data
}

// Ask evaluates an expression in the page; a promise is waited for.
func Ask[T any](tab *Tab, expression string) (value T) {
	tab.b.t.Helper()
	var answer struct {
		Result    struct{ Value json.RawMessage }
		Exception *exception `json:"exceptionDetails"`
	}
	tab.must("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.Exception != nil {
		tab.b.t.Fatalf("%s: %s", expression, answer.Exception)
	}
	if err := json.Unmarshal(answer.Result.Value, &value); err != nil {
		tab.b.t.Fatalf("%s is %s: %v", expression, answer.Result.Value, err)
	}
	return value
}

// Await waits until an expression is true in the page.
func (tab *Tab) Await(what, expression string) {
	tab.b.t.Helper()
	bed.Until(tab.b.t, what, bed.Patience, func() bool { return Ask[bool](tab, "Boolean("+expression+")") })
}

// Requests are the addresses that the page has asked for.
func (tab *Tab) Requests() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.requests)
}

// Trouble is what the console shows, and exceptions.
func (tab *Tab) Trouble() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.trouble)
}

func (tab *Tab) must(method string, params, result any) {
	tab.b.t.Helper()
	answer, err := tab.b.call(tab.session, method, params)
	if err == nil && result != nil {
		err = json.Unmarshal(answer, result)
	}
	if err != nil {
		tab.b.t.Fatal(err)
	}
}

type exception struct {
	Text      string
	Exception struct{ Description string }
}

func (e *exception) String() string { return strings.TrimSpace(e.Text + " " + e.Exception.Description) }

// record keeps what the page did.
func (tab *Tab) record(m message) {
	var p struct {
		Request   struct{ URL string }
		Type      string
		Args      []struct{ Value any }
		Entry     struct{ Level, Text, URL string }
		Exception exception `json:"exceptionDetails"`
	}
	if json.Unmarshal(m.Params, &p) != nil {
		return // not one of those below
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch m.Method {
	case "Page.loadEventFired":
		close(tab.loaded)
	case "Network.requestWillBeSent":
		tab.requests = append(tab.requests, p.Request.URL)
	case "Runtime.consoleAPICalled":
		tab.trouble = append(tab.trouble, fmt.Sprintf("console.%s %v", p.Type, p.Args))
	case "Runtime.exceptionThrown":
		tab.trouble = append(tab.trouble, p.Exception.String())
	case "Log.entryAdded":
		tab.trouble = append(tab.trouble, fmt.Sprintf("%s: %s %s", p.Entry.Level, p.Entry.Text, p.Entry.URL))
	}
}
