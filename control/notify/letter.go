package notify

import (
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// letter is an event on its way to some recipients.
type letter struct {
	event Event
	to    []*netmail.Address
}

// message writes a letter.
func (a *account) message(l letter) *mail.Msg {
	e := &l.event
	m := mail.NewMsg()
	m.FromMailAddress(a.from)
	m.ToMailAddress(l.to...)
	m.Subject(subjectLine(a.RouterID, e))
	m.SetDateWithValue(e.at)
	m.SetMessageID()
	m.SetGenHeader(mail.HeaderXMailer, "Keepalived")
	m.SetGenHeader(mail.HeaderUserAgent, "xvrrp")
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 5: nobody's absence is to be told to us
	m.SetBodyString(mail.TypeTextPlain, body(a.RouterID, e))
	return m
}

func subjectLine(routerID string, e *Event) string {
	kind := "Instance"
	if e.Group {
		kind = "Group"
	}
	what := "Entering " + e.State + " state"
	switch e.State {
	case Stop:
		what = "Stopping"
	case Deleted:
		what = "Deleted"
	}
	return fmt.Sprintf("[%s] VRRP %s %s - %s", routerID, kind, e.Name, what)
}

// meaning says what a state means for those who use the addresses.
var meaning = map[string]string{
	Master:  "The virtual addresses are here now.",
	Backup:  "The virtual addresses are not here; this host stands by.",
	Fault:   "The virtual addresses are not here, and this host cannot take them.",
	Stop:    "The daemon is stopping; the virtual addresses are not here any more.",
	Deleted: "It is no longer configured on this host.",
}

func body(routerID string, e *Event) string {
	var b strings.Builder
	kind := "router"
	if e.Group {
		kind = "sync group"
	}
	fmt.Fprintf(&b, "The %s %s on %s: %s\n\n", kind, e.Name, routerID, e.State)
	fmt.Fprintf(&b, "%s\n\n", meaning[e.State])
	if e.Why != "" {
		fmt.Fprintf(&b, "Why:      %s\n", e.Why)
	}
	if !e.Group {
		fmt.Fprintf(&b, "Priority: %d\n", e.Priority)
	}
	fmt.Fprintf(&b, "When:     %s\n", e.at.Format(time.RFC1123Z))
	return b.String()
}

// single makes a letter to each recipient.
func (l letter) single() []letter {
	var letters []letter
	for i := range l.to {
		letters = append(letters, letter{l.event, l.to[i : i+1]})
	}
	return letters
}
