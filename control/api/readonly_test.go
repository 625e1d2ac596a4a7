package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestReadOnly follows a daemon over plain HTTP, and tries to change it.
func TestReadOnly(t *testing.T) {
	d := &daemon{snap: Snapshot{Schema: Schema, PID: 42}}
	d.happen("before")
	s := httptest.NewUnstartedServer(ReadOnly(d, slog.New(slog.DiscardHandler)))
	s.Config.WriteTimeout = 50 * time.Millisecond // of other answers: the events below take longer
	s.Start()
	t.Cleanup(s.Close)
	var snap Snapshot
	status, err := http.Get(s.URL + "/v1/status")
	if err == nil {
		err = json.NewDecoder(status.Body).Decode(&snap)
		status.Body.Close()
	}
	if err != nil || snap.PID != 42 {
		t.Errorf("status of pid %d, %v, want 42", snap.PID, err)
	}

	for path, want := range map[string]string{"/v1/segments": SegmentsSchema, "/v1/conflicts?router=VI_1": ConflictsSchema,
		"/v1/routers/VI_1/story?frames=1": StorySchema} {
		var told struct{ Schema string }
		answer, err := http.Get(s.URL + path)
		if err == nil {
			err = json.NewDecoder(answer.Body).Decode(&told)
			answer.Body.Close()
		}
		if err != nil || told.Schema != want {
			t.Errorf("%s: %q, %v, want %s", path, told.Schema, err, want)
		}
	}

	events, err := http.Get(s.URL + "/v1/events?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	lines := json.NewDecoder(events.Body)
	for _, want := range []string{"before", "now"} {
		var e Event
		if err := lines.Decode(&e); err != nil || e.Why != want {
			t.Errorf("event %q, %v, want %q", e.Why, err, want)
		}
		time.Sleep(2 * s.Config.WriteTimeout)
		d.happen("now")
	}

	for path, method := range map[string]string{"/v1/reload": "POST", "/v1/routers": "POST", "/v1/routers?name=A": "DELETE", "/v1/status": "PUT"} {
		r, err := http.NewRequest(method, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed || len(d.edits) > 0 {
			t.Errorf("%s %s: %s, %d edits, want it refused", method, path, answer.Status, len(d.edits))
		}
	}
}
