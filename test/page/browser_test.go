// Package page looks at the page for people with a real browser: Chromium from the distribution's packages, without a
// window, in the network namespace of the host whose daemon it visits. What it asks for, says and throws is recorded.
package page

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/test/bed"
)

// packages are those of the distribution that the browser needs: the program, and letters that are the same everywhere.
const packages = program + ",fonts-inter"

const program = "chromium-headless-shell"

// flags keep it from everything but the page.
var flags = []string{"--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"}

// fonts is a configuration of fontconfig that knows the unpacked letters and those of the machine.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>%s/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>%s</cachedir></fontconfig>
`

// Browser is a running Chromium. It speaks the Chrome DevTools Protocol over two pipes: each message is JSON that ends with
// a zero byte.
type Browser struct {
	t   testing.TB
	to  io.Writer
	log bytes.Buffer // of the process; read once it has ended

	mu      sync.Mutex
	calls   int
	waiting map[int]chan message // by the number of the call
	heard   func(message)        // of what was not asked for
	ended   chan struct{}
}

// message is one of the protocol, either way.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Open starts a browser by way of command, which says where it runs. It is ended with the test.
func Open(t testing.TB, command func(ctx context.Context, name string, args ...string) *exec.Cmd) *Browser {
	t.Helper()
	bed.NeedPeer(t, packages)
	root, err := exec.Command(bed.PeersScript, packages).Output()
	if err != nil {
		t.Fatal(err)
	}
	unpacked := strings.TrimSpace(string(root))
	dir := t.TempDir()
	conf := filepath.Join(dir, "fonts.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, fonts, unpacked, filepath.Join(dir, "fonts")), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{packages, filepath.Join(unpacked, "usr/lib/chromium", program), "--user-data-dir=" + filepath.Join(dir, "profile")}, flags...)
	cmd := command(t.Context(), bed.PeersScript, args...)
	cmd.Env = append(os.Environ(), "FONTCONFIG_FILE="+conf)
	b := &Browser{t: t, waiting: make(map[int]chan message), heard: func(message) {}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &b.log, &b.log
	b.start(cmd)
	return b
}

// start starts the process with its ends of the pipes as descriptors 3 and 4.
func (b *Browser) start(cmd *exec.Cmd) {
	b.t.Helper()
	theirs, to, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	from, answers, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{theirs, answers}
	if err := cmd.Start(); err != nil {
		b.t.Fatalf("start the browser: %v", err)
	}
	theirs.Close()
	answers.Close()
	b.to = to
	go b.read(from)
	b.t.Cleanup(func() {
		to.Close() // which it takes for the wish that it end
		select {
		case <-b.ended:
		case <-time.After(bed.Patience):
			b.t.Errorf("the browser has not ended after %s", bed.Patience)
			cmd.Process.Kill()
		}
		cmd.Wait()
		from.Close()
		if b.t.Failed() {
			fmt.Fprintf(b.t.Output(), "the browser wrote:\n%s\n", b.log.String())
		}
	})
}

// read hands out what the browser says, until it says no more.
func (b *Browser) read(from io.Reader) {
	defer close(b.ended)
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
			b.t.Errorf("the browser said %.80q: %v", line, err)
			return
		}
		b.mu.Lock()
		answer, heard := b.waiting[m.ID], b.heard
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		} else {
			heard(m)
		}
	}
}

// call has the browser do something and returns what came of it.
func (b *Browser) call(session, method string, params any) (json.RawMessage, error) {
	given, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.calls++
	m := message{ID: b.calls, Session: session, Method: method, Params: given}
	answer := make(chan message, 1)
	b.waiting[m.ID] = answer
	line, err := json.Marshal(m)
	if err == nil {
		_, err = b.to.Write(append(line, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("ask the browser for %s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return m.Result, nil
	case <-b.ended:
		return nil, fmt.Errorf("%s: the browser has ended", method)
	case <-time.After(bed.Patience):
		return nil, fmt.Errorf("%s: no answer in %s", method, bed.Patience)
	}
}
