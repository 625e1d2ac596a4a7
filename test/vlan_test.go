package test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// TestVLANDevice runs the same virtual router on a card and on an 802.1Q device of that card. An advert reaches the
// one whose VLAN it is sent on and never the other (RX-26), whether its tag lies in the frame or travels beside it,
// as it does when an 802.1Q device sends through a card that inserts tags.
func TestVLANDevice(t *testing.T) {
	const card, ours, other = "ens160", "ens160.100", "ens160.200"
	set := readFrameSetIn(t, ourSet)
	frame := set.validFrame(t, "P3")
	for _, mode := range []loader.Mode{loader.XDP, loader.TC} {
		t.Run(string(mode), func(t *testing.T) {
			filter := openFilter(t)
			l := newLab(t, "vlan")
			receiver, sender := addHost(t, l, "receiver", card), addHost(t, l, "sender", card)
			addVLAN(t, receiver, card, 100)
			addVLAN(t, sender, card, 100)
			addVLAN(t, sender, card, 200)

			untagged := attach(t, filter, receiver, card, mode)
			tagged := attach(t, filter, receiver, ours, loader.Auto)
			if tagged.Mode != loader.TC {
				t.Errorf("auto on a VLAN device: %+v, want %s", tagged, loader.TC)
			}
			for _, a := range []loader.Attachment{untagged, tagged} {
				t.Logf("%+v", a)
				set.host(t, "P3").on(a.Link).install(t, filter)
			}
			for _, c := range []struct {
				name, from     string
				frame          []byte
				onCard, onVLAN tally
			}{
				{"no tag", card, frame, tally{verdict.Delivered: 1}, tally{}},
				{"tag beside the frame", ours, frame, tally{verdict.OtherVLAN: 1}, tally{verdict.Delivered: 1}},
				{"tag in the frame", card, tag(frame, 100), tally{verdict.OtherVLAN: 1}, tally{verdict.Delivered: 1}},
				{"another VLAN's tag beside the frame", other, frame, tally{verdict.OtherVLAN: 1}, tally{}},
				{"another VLAN's tag in the frame", card, tag(frame, 200), tally{verdict.OtherVLAN: 1}, tally{}},
			} {
				t.Run(c.name, func(t *testing.T) {
					before := tallies(t, filter)
					if err := sender.Inject(c.from, c.frame); err != nil {
						t.Fatal(err)
					}
					const patience = 5 * time.Second
					for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
						now := tallies(t, filter)
						onCard, onVLAN := now[untagged.Link].since(before[untagged.Link]), now[tagged.Link].since(before[tagged.Link])
						if maps.Equal(onCard, c.onCard) && maps.Equal(onVLAN, c.onVLAN) {
							return
						}
						if time.Now().After(end) {
							t.Fatalf("counted %v on the card and %v on the VLAN device, want %v and %v", onCard, onVLAN, c.onCard, c.onVLAN)
						}
					}
				})
			}
		})
	}
}

// validFrame is the first frame that a profile accepts.
func (s *frameSet) validFrame(t *testing.T, profile string) []byte {
	t.Helper()
	for _, r := range s.rows(profile) {
		if r.Reason == "ok" {
			return s.frame(t, r)
		}
	}
	t.Fatalf("profile %s accepts no frame", profile)
	return nil
}

// tag puts a customer tag into a frame.
func tag(frame []byte, vid uint16) []byte {
	const macs = 12
	tagged := append([]byte(nil), frame[:macs]...)
	tagged = binary.BigEndian.AppendUint16(tagged, unix.ETH_P_8021Q)
	tagged = binary.BigEndian.AppendUint16(tagged, vid)
	return append(tagged, frame[macs:]...)
}

func newLab(t *testing.T, name string) *lab.Lab {
	t.Helper()
	l, err := lab.New(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func addHost(t *testing.T, l *lab.Lab, name, card string) *lab.Host {
	t.Helper()
	h, err := l.AddHost(name, lab.NIC{Name: card})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// addVLAN adds an 802.1Q device to a card. A kernel can have been built without them.
func addVLAN(t *testing.T, h *lab.Host, card string, vid int) {
	t.Helper()
	err := h.Do(func() error {
		parent, err := index(card)
		if err != nil {
			return err
		}
		device := &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{Name: fmt.Sprintf("%s.%d", card, vid), ParentIndex: parent}, VlanId: vid}
		if err := netlink.LinkAdd(device); err != nil {
			return err
		}
		return netlink.LinkSetUp(device)
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("this kernel has no VLAN devices: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func attach(t *testing.T, filter *loader.Loader, h *lab.Host, name string, mode loader.Mode) (a loader.Attachment) {
	t.Helper()
	err := h.Do(func() error {
		link, err := index(name)
		if err == nil {
			a, err = filter.Attach(link, name, mode)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tallies are the filter's counters by link.
func tallies(t *testing.T, filter *loader.Loader) map[int]tally {
	t.Helper()
	counts, err := filter.Counts()
	if err != nil {
		t.Fatal(err)
	}
	byLink := map[int]tally{}
	for _, c := range counts {
		if byLink[c.Link] == nil {
			byLink[c.Link] = tally{}
		}
		byLink[c.Link][sentence(c.Verdict)] += c.Frames
	}
	return byLink
}
