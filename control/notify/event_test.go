package notify

import "testing"

func TestLine(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Name: "VI_1", State: Master, Priority: 150}, "INSTANCE \"VI_1\" MASTER 150\n"},
		{Event{Name: "VI_1", State: MasterRxLower, Priority: 1}, "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 1\n"},
		{Event{Group: true, Name: "VG 1", State: Fault, Priority: 7}, "GROUP \"VG 1\" FAULT 0\n"},
	} {
		if got := Line(c.event); got != c.want {
			t.Errorf("%+v: %q, want %q", c.event, got, c.want)
		}
	}
}
