package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Failover has a master hand over, or takes that back.
func (c *Client) Failover(ctx context.Context, f Failover) (Done, error) {
	q := url.Values{"name": {f.Router}}
	if f.Cancel {
		q.Set("cancel", "1")
	}
	addLasting(q, f.For)
	return c.done(ctx, "/v1/failover", q)
}

// Maintain takes routers out of service, or back into it.
func (c *Client) Maintain(ctx context.Context, m Maintenance) (Done, error) {
	q := url.Values{"state": {map[bool]string{true: "on", false: "off"}[m.On]}, "name": m.Routers}
	if m.Keep {
		q.Set("keep", "1")
	}
	addLasting(q, m.For)
	return c.done(ctx, "/v1/maintenance", q)
}

// Announce has masters announce their addresses again.
func (c *Client) Announce(ctx context.Context, a Announcement) (Done, error) {
	return c.done(ctx, "/v1/garp", url.Values{"name": a.Routers})
}

func addLasting(q url.Values, d time.Duration) {
	if d != 0 {
		q.Set("for", d.String())
	}
}

// done asks for something that is answered by a Done.
func (c *Client) done(ctx context.Context, path string, q url.Values) (d Done, err error) {
	err = c.exchange(ctx, http.MethodPost, path, q, nil, &d)
	return d, err
}
