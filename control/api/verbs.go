package api

import "time"

// Failover asks a master to hand over, and its router to give way to every other for a while.
type Failover struct {
	Router string
	For    time.Duration // from now on; not used to cancel
	Cancel bool          // take back the one that is under way
	By     string        // who asks, in words
}

// Maintenance takes routers out of service, or back into it.
type Maintenance struct {
	On      bool
	Routers []string      // empty: all of the daemon, also those to come
	For     time.Duration // 0: until it is taken back
	Keep    bool          // over a restart, too
	By      string        // who asks, in words
}

// Announcement asks masters to announce their addresses again.
type Announcement struct {
	Routers []string // empty: all masters
	By      string   // who asks, in words
}

// DoneSchema names the shape of Done.
const DoneSchema = "xvrrp.done/v1"

// Done is what came of a failover, maintenance or announcement.
type Done struct {
	Schema  string     `json:"schema"`
	Verb    string     `json:"verb"`            // failover, maintenance, garp
	Routers []string   `json:"routers"`         // those it did something to
	Until   *time.Time `json:"until,omitempty"` // when it ends by itself
	Kept    bool       `json:"kept,omitempty"`  // over a restart, too
}

// Away is an operator's wish that a router gives way, or does not serve.
type Away struct {
	By    string     `json:"by"`
	Until *time.Time `json:"until,omitempty"` // absent: until it is taken back
}
