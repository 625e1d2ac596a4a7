package web_test

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/web"
)

// still is a daemon to which nothing happens. It is not asked for more than it answers here.
type still struct{ api.Viewer }

func (still) Snapshot(context.Context) (api.Snapshot, error) {
	return api.Snapshot{Schema: api.Schema, Now: time.Unix(0, 0)}, nil
}

func (still) Events(context.Context, uint64) (api.Page, error) { return api.Page{}, nil }

func (still) Detail(context.Context, string) (api.Detail, error)   { return api.Detail{}, nil }
func (still) Stories(context.Context, string) (api.Stories, error) { return api.Stories{}, nil }

func ask(method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	web.Handler(still{}, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w.Result()
}

func TestHandler(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		code               int
		kind               string
	}{
		{"document", "GET", "/", 200, "text/html; charset=utf-8"},
		{"document, its head", "HEAD", "/", 200, "text/html; charset=utf-8"},
		{"style", "GET", "/assets/style.css", 200, "text/css; charset=utf-8"},
		{"script", "GET", "/assets/main.js", 200, "text/javascript; charset=utf-8"},
		{"drawing", "GET", "/assets/icon.svg", 200, "image/svg+xml"},
		{"status", "GET", "/v1/status", 200, "application/json"},
		{"events", "GET", "/v1/events", 200, "application/x-ndjson"},
		{"a router in full", "GET", "/v1/routers/A", 200, "application/json"},
		{"why a router changed", "GET", "/v1/routers/A/story", 200, "application/json"},
		{"nothing there", "GET", "/favicon.ico", 404, "text/plain; charset=utf-8"},
		{"no listing", "GET", "/assets/", 404, "text/plain; charset=utf-8"},
		{"nothing to be sent", "POST", "/", 405, "text/plain; charset=utf-8"},
		{"no reload", "POST", "/v1/reload", 404, "application/json"},
		{"no edit", "DELETE", "/v1/routers?name=A", 404, "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(c.method, c.path)
			if kind := got.Header.Get("Content-Type"); got.StatusCode != c.code || kind != c.kind {
				t.Errorf("%d, %s, want %d, %s", got.StatusCode, kind, c.code, c.kind)
			}
		})
	}
}

// TestUnchangedIsNotSentAgain asks for a part as a browser does that has it.
func TestUnchangedIsNotSentAgain(t *testing.T) {
	first := ask("GET", "/assets/main.js")
	if cache := first.Header.Get("Cache-Control"); cache != "no-cache" {
		t.Errorf("Cache-Control %q, want no-cache: a new xvrrp has new parts at the same place", cache)
	}
	again := ask("GET", "/assets/main.js", "If-None-Match", first.Header.Get("ETag"))
	if body, _ := io.ReadAll(again.Body); again.StatusCode != http.StatusNotModified || len(body) != 0 {
		t.Errorf("%d with %d bytes, want 304 without", again.StatusCode, len(body))
	}
	other := ask("GET", "/assets/main.js", "If-None-Match", ask("GET", "/").Header.Get("ETag"))
	if other.StatusCode != http.StatusOK {
		t.Errorf("%d to the tag of another part, want 200", other.StatusCode)
	}
}

// TestPolicy keeps a browser from loading anything else than what is embedded.
func TestPolicy(t *testing.T) {
	policy := ask("GET", "/").Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") ||
		regexp.MustCompile(`[*]|https?:|data:|blob:`).MatchString(policy) {
		t.Errorf("policy %q lets something else in than 'self'", policy)
	}
}

// elsewhere is how a document, a style or a script names a place: those of XML namespaces are never visited.
var elsewhere = regexp.MustCompile(`(?i)\b(?:https?|wss?|data|blob):|["'(]//`)

// TestPartsAreSelfContained reads all that is embedded: it names no other place, holds no script or style in the
// document, and is there under each name by which another part asks for it.
func TestPartsAreSelfContained(t *testing.T) {
	files := os.DirFS("page")
	asksFor := regexp.MustCompile(`(?:src|href|from) ?=? ?"((?:\./|assets/)[^"]+)"`)
	seen := 0
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		b, err := fs.ReadFile(files, name)
		text := strings.ReplaceAll(string(b), "http://www.w3.org/2000/svg", "")
		for _, found := range elsewhere.FindAllStringIndex(text, -1) {
			t.Errorf("%s names another place: %.40q", name, text[found[0]:])
		}
		for _, found := range asksFor.FindAllStringSubmatch(text, -1) {
			path := "/" + strings.Replace(found[1], "./", "assets/", 1)
			if code := ask("GET", path).StatusCode; code != http.StatusOK {
				t.Errorf("%s asks for %s: %d", name, path, code)
			}
		}
		if strings.HasSuffix(name, ".html") && regexp.MustCompile(`(?i)<script>|<style|\sstyle=|\son[a-z]+=`).MatchString(text) {
			t.Errorf("%s holds script or style itself, which its policy forbids", name)
		}
		return err
	})
	if err != nil || seen < 3 {
		t.Errorf("%d parts, %v", seen, err)
	}
}
