package notify

import (
	"fmt"
	"strings"
	"testing"
)

// shorthand reads "a:MASTER b:BACKUP" as events of the routers a and b.
func shorthand(text string) []Event {
	var events []Event
	for word := range strings.FieldsSeq(text) {
		name, state, _ := strings.Cut(word, ":")
		events = append(events, Event{Name: name, State: state})
	}
	return events
}

func (b *backlog) String() string {
	var words []string
	for i := range b.events {
		words = append(words, b.events[i].Name+":"+b.events[i].State)
	}
	return strings.Join(words, " ")
}

func TestBacklogForgets(t *testing.T) {
	for _, c := range []struct {
		name, added, left string
		forgotten         int
	}{
		{
			name:  "nothing within the limit",
			added: "a:MASTER a:BACKUP a:MASTER a:BACKUP",
			left:  "a:MASTER a:BACKUP a:MASTER a:BACKUP",
		}, {
			name:      "the oldest that are replaced",
			added:     "a:MASTER a:BACKUP a:MASTER a:BACKUP a:FAULT",
			left:      "a:MASTER a:BACKUP a:FAULT",
			forgotten: 2,
		}, {
			name:      "never the newest of a name",
			added:     "a:MASTER b:MASTER b:BACKUP b:MASTER b:BACKUP",
			left:      "a:MASTER b:MASTER b:BACKUP",
			forgotten: 2,
		}, {
			name:      "never a role for what happened within it",
			added:     "a:MASTER a:MASTER_RX_LOWER_PRI a:MASTER_RX_LOWER_PRI a:MASTER_RX_LOWER_PRI a:MASTER_RX_LOWER_PRI",
			left:      "a:MASTER a:MASTER_RX_LOWER_PRI a:MASTER_RX_LOWER_PRI",
			forgotten: 2,
		}, {
			name:  "nothing if nothing is replaced",
			added: "a:MASTER b:MASTER c:MASTER d:MASTER e:MASTER f:MASTER",
			left:  "a:MASTER b:MASTER c:MASTER d:MASTER e:MASTER f:MASTER",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := backlog{limit: 4}
			forgotten := 0
			for _, e := range shorthand(c.added) {
				forgotten += b.add(e)
			}
			if b.String() != c.left || forgotten != c.forgotten {
				t.Errorf("left %q, forgot %d; want %q, %d", b.String(), forgotten, c.left, c.forgotten)
			}
		})
	}
}

func TestBacklogIsBounded(t *testing.T) {
	const names, limit = 1000, 100
	b := backlog{limit: limit}
	longest, forgotten := 0, 0
	for i := range 50 * names {
		forgotten += b.add(Event{Name: fmt.Sprint(i % names), State: Master, Priority: uint8(i)})
		longest = max(longest, b.len())
	}
	if longest > 2*names+1 {
		t.Errorf("grew to %d events of %d names", longest, names)
	}
	if got := b.len() + forgotten; got != 50*names {
		t.Errorf("%d are left or counted as forgotten, %d were added", got, 50*names)
	}
	for i := range names {
		e := b.events[len(b.events)-names+i]
		if want := 49*names + i; e.Name != fmt.Sprint(i) || e.Priority != uint8(want) {
			t.Fatalf("the newest of %d is %+v", i, e)
		}
	}
}

func TestBacklogPopsInOrder(t *testing.T) {
	b := backlog{limit: 4}
	for _, e := range shorthand("a:MASTER b:BACKUP") {
		b.add(e)
	}
	if got := b.first().Name; got != "a" {
		t.Errorf("first is %s", got)
	}
	if first, second := b.pop(), b.pop(); first.Name != "a" || second.Name != "b" {
		t.Errorf("popped %s, %s", first.Name, second.Name)
	}
	if b.events != nil {
		t.Error("an empty backlog keeps memory")
	}
}
