package api

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSegmentsCross(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, new(daemon))
	s, err := NewClient(dir).Segments(t.Context())
	if err != nil || len(s.Segments) != 1 || !reflect.DeepEqual(s.Segments[0].Free, []int{1, 255}) || s.Segments[0].Heard[0].VRID != 51 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestConflictsCross(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, new(daemon))
	known := []string{"192.0.2.1", "192.0.2.2"}
	s, err := NewClient(dir).Conflicts(t.Context(), "VI_1", known)
	if err != nil || len(s.Conflicts) != 1 || !reflect.DeepEqual(s.Conflicts[0].Advice, known) {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := NewClient(dir).Conflicts(t.Context(), "VI_9", nil); err == nil || !strings.Contains(err.Error(), "no router is named VI_9") {
		t.Errorf("error %v", err)
	}
}

func TestSniffCrosses(t *testing.T) {
	dir := t.TempDir()
	stop := serve(t, dir, &daemon{sniffed: 3})
	n := 0
	for s, err := range NewClient(dir).Sniff(t.Context(), SniffFilter{Interface: "ens160", Router: "VI_1", VRID: 7}, nil) {
		if errors.Is(err, ErrEnded) {
			break
		}
		if err != nil || s.Interface != "ens160" || s.Router != "VI_1" || s.Bytes != n {
			t.Fatalf("%+v, %v", s, err)
		}
		if n++; n == 3 {
			go stop()
		}
	}
	if n != 3 {
		t.Errorf("%d adverts, want 3", n)
	}
}

func TestSniffRefusesNonsense(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, new(daemon))
	body, err := NewClient(dir).get(t.Context(), "/v1/sniff", map[string][]string{"vrid": {"256"}})
	if err == nil {
		body.Close()
		t.Error("VRID 256 was taken")
	}
}

// Adverts do not wait for a reader who does not read, nor does the daemon when it leaves; he is told what he missed.
func TestSniffLeavesSlowReadersBehind(t *testing.T) {
	const many = 20000
	dir := t.TempDir()
	d := &daemon{sniffed: many, padding: strings.Repeat("x", 1000)}
	stop := serve(t, dir, d)
	conn, err := net.Dial("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /v1/sniff HTTP/1.1\r\nHost: xvrrp\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() { stop(); close(left) }()
	select {
	case <-left:
	case <-time.After(30 * time.Second):
		t.Fatal("the daemon waits for one who does not read")
	}
}

func TestShowTellsWhatWasLost(t *testing.T) {
	dir := t.TempDir()
	d := &daemon{sniffed: 5000, padding: strings.Repeat("x", 10000)} // more than any buffer between the two holds
	serve(t, dir, d)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var seen, lost uint64
	for s, err := range NewClient(dir).Sniff(ctx, SniffFilter{}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen+s.Lost > d.sniffed || s.Lost < lost {
			t.Fatalf("%d adverts shown and %d lost of %d, after %d", seen, s.Lost, d.sniffed, lost)
		}
		if lost = s.Lost; lost > 0 {
			return
		}
	}
}
