package config

import "testing"

// The line that gives a VRID is there to be changed, unless it was given at run time.
func TestPlaceOfVRID(t *testing.T) {
	text := "vrrp_instance A {\n    interface eth0\n    virtual_router_id 5\n    virtual_ipaddress {\n        10.0.0.5\n    }\n}\n"
	c, problems := loadText(text, nil)
	if Worst(problems) == Error {
		t.Fatal(problems)
	}
	if at := c.Routers[0].VRIDPos; at.Line != 3 || at.Column != 23 || at.File != c.Routers[0].Pos.File {
		t.Errorf("VRID at %v, router at %v", at, c.Routers[0].Pos)
	}
	edited, problems := c.Edit(Edit{Verb: SetRouter, Names: []string{"A"}, Text: "virtual_router_id 6", Label: "argument"})
	if Worst(problems) == Error {
		t.Fatal(problems)
	}
	if at := edited.Routers[0].VRIDPos; at != (Pos{File: "A at run time"}) {
		t.Errorf("VRID at %v after an edit", at)
	}
}
