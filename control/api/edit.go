package api

// What can be done to single routers of a running daemon.
const (
	AddRouters    = "add"
	SetRouter     = "set"
	RemoveRouters = "remove"
	ResetRouters  = "reset" // back to what the file says
)

// Edit is a change of single routers, all of it or nothing.
type Edit struct {
	Verb   string
	Names  []string // of the routers to set (one), remove or reset
	Text   string   // in the syntax of the file: vrrp_instance blocks to add, lines of the router's block to set; the keywords alone to reset
	Label  string   // how places in Text are shown
	Keep   bool     // over a restart, too
	DryRun bool     // only say what it would change
}

// OverridesSchema names the shape of Overrides.
const OverridesSchema = "xvrrp.overrides/v1"

// Overrides is what was changed of single routers at run time, on top of the file.
type Overrides struct {
	Schema  string     `json:"schema"`
	File    string     `json:"file"` // of what is kept; "": nothing can be
	Routers []Override `json:"routers"`
}

// Override is what was changed of one router.
type Override struct {
	Router       string `json:"router"`
	Action       string `json:"action"`                  // added, changed or removed
	Kept         bool   `json:"kept"`                    // a restart leaves it like this
	Text         string `json:"text"`                    // in force, with secrets masked; "" if nothing is
	AfterRestart string `json:"after_restart,omitempty"` // what is kept, if that is something else
}
