package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What a client asks arrives as it was asked, with who asked it.
func TestVerbsCrossUnchanged(t *testing.T) {
	by := fmt.Sprintf("uid %d", os.Getuid())
	for _, c := range []struct {
		name string
		ask  func(c *Client) (Done, error)
		want any
	}{
		{"failover", func(c *Client) (Done, error) {
			return c.Failover(t.Context(), Failover{Router: "VI 1", For: 90 * time.Second})
		}, Failover{Router: "VI 1", For: 90 * time.Second, By: by}},
		{"its end", func(c *Client) (Done, error) {
			return c.Failover(t.Context(), Failover{Router: "VI_1", Cancel: true})
		}, Failover{Router: "VI_1", Cancel: true, By: by}},
		{"maintenance of all", func(c *Client) (Done, error) {
			return c.Maintain(t.Context(), Maintenance{On: true, Keep: true})
		}, Maintenance{On: true, Keep: true, By: by}},
		{"maintenance of some", func(c *Client) (Done, error) {
			return c.Maintain(t.Context(), Maintenance{On: true, Routers: []string{"VI_1", "VI_2"}, For: time.Hour})
		}, Maintenance{On: true, Routers: []string{"VI_1", "VI_2"}, For: time.Hour, By: by}},
		{"end of maintenance", func(c *Client) (Done, error) {
			return c.Maintain(t.Context(), Maintenance{Routers: []string{"VI_1"}})
		}, Maintenance{Routers: []string{"VI_1"}, By: by}},
		{"garp", func(c *Client) (Done, error) {
			return c.Announce(t.Context(), Announcement{Routers: []string{"VI_1"}})
		}, Announcement{Routers: []string{"VI_1"}, By: by}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, d := t.TempDir(), new(daemon)
			serve(t, dir, d)
			done, err := c.ask(NewClient(dir))
			if err != nil || done.Schema != DoneSchema || len(done.Routers) != 1 {
				t.Errorf("answered %+v, %v", done, err)
			}
			if len(d.asked) != 1 || !reflect.DeepEqual(d.asked[0], c.want) {
				t.Errorf("asked %+v, want %+v", d.asked, c.want)
			}
			d.dead = errors.New("VI_1 is backup here")
			if _, err := c.ask(NewClient(dir)); err == nil || !strings.Contains(err.Error(), "VI_1 is backup here") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestConfigCrossesUnchanged(t *testing.T) {
	dir, d := t.TempDir(), new(daemon)
	serve(t, dir, d)
	if text, err := NewClient(dir).ConfigText(t.Context()); err != nil || text != "vrrp_instance VI_9 {\n}\n" {
		t.Errorf("%q, %v", text, err)
	}
	if p, err := NewClient(dir).Compare(t.Context(), "a text"); err != nil || !reflect.DeepEqual(p.Other, []string{"a text"}) {
		t.Errorf("%+v, %v", p, err)
	}
	d.dead = errors.New("it only observes")
	if _, err := NewClient(dir).ConfigText(t.Context()); err == nil || !strings.Contains(err.Error(), "it only observes") {
		t.Errorf("error %v", err)
	}
}

// A request that says too little, or nonsense, does nothing.
func TestVerbsRefuse(t *testing.T) {
	for _, c := range []struct{ path, query, says string }{
		{"/v1/failover", "for=5m", "name the router"},
		{"/v1/failover", "name=VI_1", "say for how long"},
		{"/v1/failover", "name=VI_1&for=soon", "for=soon"},
		{"/v1/failover", "name=VI_1&for=-5m", "not above zero"},
		{"/v1/maintenance", "name=VI_1", "state=on or state=off"},
		{"/v1/maintenance", "state=on&for=0s", "not above zero"},
	} {
		t.Run(c.path+"?"+c.query, func(t *testing.T) {
			dir, d := t.TempDir(), new(daemon)
			serve(t, dir, d)
			q, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = NewClient(dir).send(t.Context(), http.MethodPost, c.path, q, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) || len(d.asked) > 0 {
				t.Errorf("error %v, asked %v; want %q and nothing", err, d.asked, c.says)
			}
		})
	}
}
