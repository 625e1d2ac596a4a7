package api

import (
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// A daemon that is stopped still takes connections. Its clients give up on it.
func TestDaemonThatDoesNotAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), socketName)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := Client{dir: filepath.Dir(path), asking: clientOf(path, time.Millisecond), bidding: clientOf(path, time.Millisecond)}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if _, err := c.send(t.Context(), method, "/v1/status", nil, nil); !errors.Is(err, ErrBusy) {
			t.Errorf("%s: %v, want ErrBusy", method, err)
		}
	}
}
