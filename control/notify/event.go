package notify

import (
	"strconv"
	"time"

	"github.com/xvrrp/xvrrp/control/script"
)

// The states that are told, in keepalived's words.
const (
	Master         = "MASTER"
	Backup         = "BACKUP"
	Fault          = "FAULT"
	Stop           = "STOP"
	Deleted        = "DELETED"
	MasterRxLower  = "MASTER_RX_LOWER_PRI"
	MasterPriority = "MASTER_PRIORITY"
	BackupPriority = "BACKUP_PRIORITY"
)

// Event is one thing to tell.
type Event struct {
	Group    bool   // about a sync group, not a router
	Name     string // of the router or group; what is told of one name stays in order
	State    string
	Priority uint8             // 0 of a group
	Commands []*script.Command // run one after the other, ready with all their arguments
	FIFO     bool              // written to the pipes
	Mail     bool              // mailed, unless the last mail about this name said the same
	Why      string            // for the mail's body

	at time.Time // when it was to be mailed
}

// subject is whom an event is about. A group and a router may share a name.
type subject struct {
	group bool
	name  string
}

func (e *Event) subject() subject { return subject{e.Group, e.Name} }

// topic is what an event is about: a later event about the same topic replaces it. Changes of role are one topic;
// what can happen within a role is a topic for each kind, lest it replace the role.
type topic struct {
	subject
	kind string // empty: the role
}

func (e *Event) topic() topic {
	if e.isRole() {
		return topic{subject: e.subject()}
	}
	return topic{e.subject(), e.State}
}

func (e *Event) isRole() bool {
	switch e.State {
	case Master, Backup, Fault, Stop, Deleted:
		return true
	}
	return false
}

// Line is the line that a pipe carries for an event, with its newline: `INSTANCE "VI_1" MASTER 100`, or of a group
// `GROUP "VG_1" MASTER 0`.
func Line(e Event) string { return string(appendLine(nil, &e)) }

func appendLine(b []byte, e *Event) []byte {
	kind, priority := "INSTANCE", e.Priority
	if e.Group {
		kind, priority = "GROUP", 0
	}
	b = append(b, kind...)
	b = append(b, ` "`...)
	b = append(b, e.Name...)
	b = append(b, `" `...)
	b = append(b, e.State...)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(priority), 10)
	return append(b, '\n')
}
