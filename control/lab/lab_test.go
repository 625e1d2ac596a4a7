package lab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

const patience = 10 * time.Second

// newLab starts a lab of its own for the test.
func newLab(t *testing.T) *lab.Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	l, err := lab.New(labName(t))
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	return l
}

func labName(t *testing.T) string {
	return fmt.Sprintf("lab-%s-%d", strings.ToLower(t.Name()), os.Getpid())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pair is a lab with two hosts, 192.0.2.1 and .2, 2001:db8::1 and ::2.
func pair(t *testing.T) (l *lab.Lab, a, b *lab.Host) {
	t.Helper()
	l = newLab(t)
	hosts := make([]*lab.Host, 2)
	for i := range hosts {
		h, err := l.AddHost(string(rune('a'+i)), lab.NIC{Name: "ens160", Addrs: []netip.Prefix{
			netip.MustParsePrefix(fmt.Sprintf("192.0.2.%d/24", i+1)),
			netip.MustParsePrefix(fmt.Sprintf("2001:db8::%d/64", i+1)),
		}})
		must(t, err)
		hosts[i] = h
	}
	return l, hosts[0], hosts[1]
}

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for ctx := patient(t); !ok(); time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestAddresses(t *testing.T) {
	_, a, b := pair(t)
	addrs, err := a.Addrs("ens160")
	must(t, err)
	ll, err := a.LinkLocal("ens160")
	must(t, err)
	want := []string{"192.0.2.1/24", "2001:db8::1/64", ll.String() + "/64"}
	if fmt.Sprint(addrs) != fmt.Sprint(want) {
		t.Errorf("host a has %v, want %v", addrs, want)
	}
	if other, err := b.LinkLocal("ens160"); err != nil || !ll.Less(other) {
		t.Errorf("the second host has %v (%v), which is not above the first's %v", other, err, ll)
	}
	vip := netip.MustParsePrefix("192.0.2.10/32")
	must(t, a.AddAddr("ens160", vip))
	if !a.HasAddr("ens160", vip.Addr()) || b.HasAddr("ens160", vip.Addr()) || a.HasAddr("ens161", vip.Addr()) {
		t.Error("HasAddr is wrong about 192.0.2.10")
	}
	must(t, a.DelAddr("ens160", vip))
	if a.HasAddr("ens160", vip.Addr()) {
		t.Error("192.0.2.10 is still there")
	}
	if err := a.DelAddr("ens160", vip); err == nil {
		t.Error("an address was deleted twice")
	}
}

func TestPing(t *testing.T) {
	l, a, b := pair(t)
	for _, addr := range []string{"192.0.2.2", "2001:db8::2"} {
		p, err := a.Ping(t.Context(), netip.MustParseAddr(addr), 2*time.Millisecond)
		must(t, err)
		answered := func() bool {
			echos := p.Echos()
			return len(echos) > 1 && echos[len(echos)-2].Back != 0
		}
		await(t, "a reply", answered)
		must(t, l.Cut(b))
		await(t, "silence", func() bool {
			lost := lab.Outages(p.Echos())
			return len(lost) > 0 && lost[len(lost)-1].Lost > 10
		})
		must(t, l.Heal(b))
		await(t, "a reply again", answered)
		echos := p.Stop()
		var cut []lab.Outage
		for _, o := range lab.Outages(echos) {
			if o.Lost > 10 {
				cut = append(cut, o)
			}
		}
		if len(cut) != 1 || cut[0].To <= cut[0].From {
			t.Errorf("%s: outages are %v", addr, cut)
		}
		for i, e := range echos {
			if e.Back != 0 && (e.Back < e.Sent || e.Back > e.Sent+patience) {
				t.Errorf("ping %d left at %v and was back at %v", i, e.Sent, e.Back)
			}
		}
	}
}

// A cut host does not notice: its carrier stays.
func TestCutKeepsCarrier(t *testing.T) {
	l, a, _ := pair(t)
	must(t, l.Cut(a))
	must(t, a.Do(func() error {
		ifi, err := net.InterfaceByName("ens160")
		if err == nil && ifi.Flags&net.FlagRunning == 0 {
			t.Error("the card has lost its carrier")
		}
		return err
	}))
}

func TestOutages(t *testing.T) {
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	tests := map[string]struct {
		echos []lab.Echo
		want  []lab.Outage
	}{
		"nothing sent": {nil, nil},
		"all answered": {[]lab.Echo{{at(0), at(1)}, {at(5), at(6)}}, nil},
		"one lost":     {[]lab.Echo{{at(0), at(1)}, {at(5), 0}, {at(10), at(11)}}, []lab.Outage{{at(5), at(10), 1}}},
		"from the start, and to the end": {[]lab.Echo{{at(0), 0}, {at(5), 0}, {at(10), at(11)}, {at(15), 0}},
			[]lab.Outage{{at(0), at(10), 2}, {at(15), 0, 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lab.Outages(tt.echos); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCapture(t *testing.T) {
	l, a, b := pair(t)
	frame := append([]byte{1, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 1, 0x88, 0xb5}, "a frame of nobody's protocol"...)
	tagged := slices.Concat(frame[:12], []byte{0x81, 0, 0, 10}, frame[12:])
	sent, err := a.Capture("ens160")
	must(t, err)
	received, err := b.Capture("ens160")
	must(t, err)
	flooded, err := l.Wire.Capture(lab.Segment)
	must(t, err)

	for name, data := range map[string][]byte{"plain": frame, "tagged": tagged} {
		before := lab.Now()
		must(t, a.Inject("ens160", data))
		after := lab.Now()
		fits := func(f lab.Frame) bool { return bytes.Equal(f.Data, data) }
		for where, c := range map[string]*lab.Capture{"sender": sent, "receiver": received, "bridge": flooded} {
			f, err := c.Await(patient(t), fits)
			must(t, err)
			if f.At < before-time.Millisecond || f.At > after+patience {
				t.Errorf("%s frame at the %s is dated %v, sent between %v and %v", name, where, f.At, before, after)
			}
			if f.Outgoing != (where == "sender") {
				t.Errorf("%s frame at the %s: outgoing is %v", name, where, f.Outgoing)
			}
		}
	}

	must(t, received.Close())
	if n := len(received.Frames()); n < 2 {
		t.Errorf("%d frames were kept", n)
	}
	if _, err := received.Await(patient(t), func(lab.Frame) bool { return false }); err == nil {
		t.Error("an ended capture went on waiting")
	}
	must(t, sent.Close())
	must(t, flooded.Close())
}

func TestWritePcap(t *testing.T) {
	var b bytes.Buffer
	frames := []lab.Frame{{Wall: time.Unix(1, 2), Data: []byte{1, 2, 3}}, {Wall: time.Unix(3, 4), Data: []byte{5}}}
	must(t, lab.WritePcap(&b, frames))
	want := "4d3cb2a1 02000400 00000000 00000000 00000100 01000000" +
		"01000000 02000000 03000000 03000000 010203" +
		"03000000 04000000 01000000 01000000 05"
	if got := fmt.Sprintf("%x", b.Bytes()); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got %s", got)
	}
}

func TestCommand(t *testing.T) {
	_, a, b := pair(t)
	out, err := a.Command(t.Context(), "cat", "/proc/self/net/fib_trie").Output()
	must(t, err)
	if !strings.Contains(string(out), "192.0.2.1\n") || strings.Contains(string(out), "192.0.2.2\n") {
		t.Errorf("the program is not on host a:\n%s", out)
	}
	if err := b.Command(t.Context(), "no-such-program").Run(); err == nil {
		t.Error("a program that does not exist ran")
	}
}

func TestSysctl(t *testing.T) {
	_, a, _ := pair(t)
	must(t, a.Sysctl("net.ipv4.ip_forward", "1"))
	out, err := a.Command(t.Context(), "cat", "/proc/sys/net/ipv4/ip_forward").Output()
	if must(t, err); string(out) != "1\n" {
		t.Errorf("ip_forward is %q", out)
	}
	if err := a.Sysctl("net.ipv4.nonsense", "1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a sysctl that does not exist: %v", err)
	}
}

func TestAwaitAddr(t *testing.T) {
	_, a, _ := pair(t)
	vip := netip.MustParsePrefix("192.0.2.10/24")
	for _, present := range []bool{true, false} {
		change := a.AddAddr
		if !present {
			change = a.DelAddr
		}
		seen := make(chan time.Duration, 1)
		go func() {
			at, err := a.AwaitAddr(patient(t), "ens160", vip.Addr(), present)
			if err != nil {
				t.Error(err)
			}
			seen <- at
		}()
		before := lab.Now()
		must(t, change("ens160", vip))
		if at := <-seen; at < before {
			t.Errorf("seen at %v, before %v", at, before)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.AwaitAddr(ended, "ens160", vip.Addr(), true); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v", err)
	}
}

// Healing works on a host whose card is down, too: it is back with its carrier.
func TestHealWhileDown(t *testing.T) {
	l, a, _ := pair(t)
	must(t, l.Cut(a))
	must(t, a.SetLink("ens160", false))
	must(t, l.Heal(a))
	must(t, a.SetLink("ens160", true))
	p, err := a.Ping(t.Context(), netip.MustParseAddr("192.0.2.2"), 2*time.Millisecond)
	must(t, err)
	defer p.Stop()
	await(t, "a reply", func() bool {
		return slices.ContainsFunc(p.Echos(), func(e lab.Echo) bool { return e.Back != 0 })
	})
}

// Whatever runs in a lab ends with it, and nothing of it stays.
func TestCloseLeavesNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	l, err := lab.New(labName(t))
	must(t, err)
	a, err := l.AddHost("a", lab.NIC{Name: "ens160"}, lab.NIC{Name: "ens161", Segment: "backbone"})
	must(t, err)
	if nics := a.NICs(); !slices.Equal(nics, []string{"ens160", "ens161"}) {
		t.Errorf("host a has %v", nics)
	}
	sleeper := a.Command(context.Background(), "sleep", "1000")
	must(t, sleeper.Start())
	ended := make(chan error, 1)
	go func() { ended <- sleeper.Wait() }()
	must(t, l.Close())
	select {
	case err := <-ended:
		if err == nil || sleeper.ProcessState.ExitCode() != -1 {
			t.Errorf("the program ended with %v, and was not killed", err)
		}
	case <-time.After(patience):
		t.Error("the program is still running")
	}
	left, err := filepath.Glob("/run/netns/xv-" + labName(t) + "-*")
	if must(t, err); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A lab whose process was killed is removed by the next of its name, never one that is in use.
func TestSweep(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: creates network namespaces")
	}
	name := labName(t)
	killed, err := lab.New(name)
	must(t, err)
	a, err := killed.AddHost("a", lab.NIC{Name: "ens160"})
	must(t, err)
	sleeper := a.Command(context.Background(), "sleep", "1000")
	must(t, sleeper.Start())
	go func() { _ = sleeper.Wait() }()

	if err := lab.Sweep(name); err == nil {
		t.Error("a lab in use was swept")
	}
	if _, err := lab.New(name); err == nil {
		t.Error("a lab in use was taken over")
	}
	must(t, killed.Abandon())
	must(t, lab.Sweep(name))
	left, err := filepath.Glob("/run/*xv-" + name + "*")
	must(t, err)
	more, err := filepath.Glob("/run/netns/xv-" + name + "-*")
	if must(t, err); len(left)+len(more) != 0 {
		t.Errorf("left behind: %v %v", left, more)
	}
}
