// Package compat plays scenarios twice on the same stage, with the same files: once with the distribution's
// keepalived in every part, once with xvrrp in some or all of them. It writes down who says what when on the wire and
// which addresses come and go, and compares event by event. Where xvrrp differs on purpose, the scenario says so and
// names the section of docs/compatibility.md that argues it.
package compat

import (
	"testing"

	"github.com/xvrrp/xvrrp/test/bed"
)

func TestMain(m *testing.M) { bed.Main(m, 16) }
