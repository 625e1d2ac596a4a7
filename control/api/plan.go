package api

import "net/netip"

// What a reload does to a router.
const (
	Unchanged = "unchanged"
	Changed   = "changed"   // in place: role and master stay
	Restarted = "restarted" // its identity changed: it starts anew
	Added     = "added"
	Removed   = "removed"
)

// Plan is what a reload or an edit does, or would do.
type Plan struct {
	Schema   string   `json:"schema"`
	Config   string   `json:"config"` // the file
	DryRun   bool     `json:"dry_run"`
	Applied  bool     `json:"applied"`
	Problems []string `json:"problems,omitempty"` // of the file, with their places; with an error among them nothing is done
	Rejected bool     `json:"rejected"`           // the file has an error that nothing may be done with
	Changes  []Change `json:"changes"`            // routers that are not unchanged
	Same     int      `json:"unchanged"`          // number of routers that are
	Other    []string `json:"other,omitempty"`    // what else changes: "vrrp_script chk", "global_defs"

	Kept      bool `json:"kept,omitempty"`      // of an edit: over a restart, too
	Overrides int  `json:"overrides,omitempty"` // of a reload: number of routers whose changes at run time stay on top of the file
}

// PlanSchema names the shape of Plan.
const PlanSchema = "xvrrp.plan/v1"

// Change is what becomes of one router.
type Change struct {
	Router string         `json:"router"`
	Action string         `json:"action"`
	Why    []string       `json:"why,omitempty"`   // keywords that differ: "priority 100 -> 150"
	Role   string         `json:"role,omitempty"`  // before
	Leave  []netip.Prefix `json:"leave,omitempty"` // virtual addresses this host gives up
	Gain   []netip.Prefix `json:"gain,omitempty"`  // virtual addresses this host adds at once
}
