package e2e

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/lab"
)

// several is how many adverts a segment is watched for before it counts as settled.
const several = 10

// TestLeave ends a backup and a master in order (T-03, SM-04, SM-09, SM-27): the one says nothing, the other exactly
// one priority 0 with everything an advert has, upon which the next backup takes over after its skew.
func TestLeave(t *testing.T) {
	t.Parallel()
	s := newSegment(t, "leave")
	master, backup, third := s.add("master"), s.add("backup"), s.add("third")
	// At this interval no busy machine mistakes skew for master-down.
	i := instance{interval: 400 * time.Millisecond, vips: []netip.Prefix{vip, netip.PrefixFrom(other, 24)}}
	low, lowest := i, i
	i.priority, low.priority, lowest.priority = 200, 100, 50
	master.run("xdp", nil, i)
	backup.run("tc", nil, low)
	third.run("xdp", nil, lowest)
	master.awaitRole(only, "master")
	backup.awaitFollowing(master)
	third.awaitFollowing(master)

	mark := s.ear.mark()
	third.running.stop()
	s.ear.await(mark, 2, master)
	s.ear.silent(0, third)

	mark = s.ear.mark()
	master.running.stop()
	last, first := s.ear.takeover(mark, master, backup)
	within(t, last, first, low.skew(), low.down())
	var goodbyes []advert
	for _, a := range s.ear.from(mark, master) {
		if a.priority == 0 {
			goodbyes = append(goodbyes, a)
		}
	}
	if len(goodbyes) != 1 {
		t.Fatalf("%d adverts of priority 0, want 1", len(goodbyes))
	}
	g, want := goodbyes[0], []netip.Addr{vip.Addr(), other}
	if !slices.Equal(g.addrs, want) || g.ttl != 255 || g.version != 3 || g.src != master.v4 || g.dst != group {
		t.Errorf("goodbye %s: TTL %d, version %d to %s, addresses %s; want 255, 3, %s, %s",
			g, g.ttl, g.version, g.dst, g.addrs, group, want)
	}
	if last.priority != 0 {
		t.Errorf("the master spoke after its goodbye: %s", last)
	}
	master.awaitVIP(false)
}

// TestPreemption lets a better router join (T-05, SM-08, SM-12): it outlives the master, which falls silent, and the
// virtual address hardly notices.
func TestPreemption(t *testing.T) {
	t.Parallel()
	s := newSegment(t, "preempt")
	low, high, client := s.add("low"), s.add("high"), s.add("client")
	i := instance{priority: 100}
	low.run("xdp", nil, i)
	low.awaitRole(only, "master")
	ping, err := client.Ping(t.Context(), vip.Addr(), 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "an answer to a ping", func() bool { return answered(ping.Echos()) > 0 })

	mark := s.ear.mark()
	i.priority = 200
	high.run("tc", nil, i)
	first := s.ear.await(mark, several, high)[0]
	crossed := 0
	for _, a := range s.ear.from(mark, low) {
		if a.at > first.at {
			crossed++
		}
	}
	if crossed > 1 { // one may have been on its way
		t.Errorf("the preempted master spoke %d times after the better one", crossed)
	}
	low.awaitFollowing(high)
	low.awaitVIP(false)
	high.awaitVIP(true)
	if why := high.router().Why; why != "preempt" {
		t.Errorf("the better one took over because of %s, want preempt", why)
	}
	echos := ping.Stop()
	for _, o := range lab.Outages(echos[:max(0, len(echos)-2)]) { // the last ones had no time
		if o.To-o.From > i.down() {
			t.Errorf("%d pings were lost in %s", o.Lost, o.To-o.From)
		}
	}
}

// TestNoPreemption lets a better router join that was told not to preempt (T-06, SM-23): nothing changes until the
// master leaves.
func TestNoPreemption(t *testing.T) {
	t.Parallel()
	s := newSegment(t, "nopreempt")
	low, high := s.add("low"), s.add("high")
	i := instance{priority: 100, interval: 200 * time.Millisecond}
	low.run("tc", nil, i)
	low.awaitRole(only, "master")
	i.priority, i.lines = 200, []string{"nopreempt"}
	high.run("xdp", nil, i)
	high.awaitFollowing(low)
	s.ear.await(s.ear.mark(), several, low)
	s.ear.loyal(0, high, low, i.down())

	mark := s.ear.mark()
	low.running.stop()
	last, first := s.ear.takeover(mark, low, high)
	within(t, last, first, i.skew(), i.down())
}

// TestTie joins a second router of equal priority and higher address (T-07, SM-20): it stays backup. Once both are
// masters, apart, and meet again, the higher address wins (SM-13, SM-29).
func TestTie(t *testing.T) {
	t.Parallel()
	s := newSegment(t, "tie")
	lower, higher := s.add("lower"), s.add("higher")
	i := instance{priority: 100}
	lower.run("xdp", nil, i)
	lower.awaitRole(only, "master")
	higher.run("xdp", nil, i)
	higher.awaitFollowing(lower)
	s.ear.await(s.ear.mark(), several, lower)
	s.ear.loyal(0, higher, lower, i.down())

	if err := s.lab.Cut(higher.Host); err != nil {
		t.Fatal(err)
	}
	higher.awaitRole(only, "master")
	if err := s.lab.Heal(higher.Host); err != nil {
		t.Fatal(err)
	}
	lower.awaitFollowing(higher)
	lower.awaitVIP(false)
	mark := s.ear.mark()
	s.ear.await(mark, several, higher)
	s.ear.silent(mark, lower)
	if why := lower.router().Why; why != "tie" {
		t.Errorf("the lower one left because of %s, want tie", why)
	}
}

// TestIntervalIsLearned pairs a fast backup with a slow master (T-08, TM-04, TM-05): the backup waits as long as the
// master's interval asks for, and so does its skew.
func TestIntervalIsLearned(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		const slow = 500 * time.Millisecond
		s := newSegment(t, "learn-"+hook)
		master, backup := s.add("master"), s.add("backup")
		master.run(hook, nil, instance{priority: 200, interval: slow})
		master.awaitRole(only, "master")
		backup.run(hook, nil, instance{priority: 100})
		if slow <= (instance{priority: 100}).down() {
			t.Fatal("the master is not slow enough to show anything")
		}
		s.ear.await(s.ear.mark(), 1, master)
		backup.awaitFollowing(master)
		mark := s.ear.mark()
		s.ear.await(mark, 4, master)
		s.ear.loyal(mark, backup, master, 3*slow+skew(100, slow))
		if r := backup.router(); r.MasterInterval != slow.Seconds() || r.Interval != interval.Seconds() {
			t.Errorf("status says intervals %g and %g, want the master's %s and our %s", r.MasterInterval, r.Interval, slow, interval)
		}

		mark = s.ear.mark()
		master.running.stop()
		last, first := s.ear.takeover(mark, master, backup)
		within(t, last, first, skew(100, slow), 3*slow)
	})
}

// TestLosingAdvert sends a master one worse advert (T-09, SM-14, HC-3): in version 3 it answers at once and keeps its
// rhythm, in version 2 it says nothing.
func TestLosingAdvert(t *testing.T) {
	const every = time.Second
	for _, c := range []struct {
		name    string
		version uint8
		answers int
	}{
		{"v3", 3, 1},
		{"v2", 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSegment(t, "losing-"+c.name)
			m, forger := s.add("m"), s.add("forger")
			m.run("xdp", nil, instance{version: c.version, interval: every, priority: 100})
			m.awaitRole(only, "master")
			worse := forger.forge(50)
			worse.version, worse.interval = c.version, every

			mark := s.ear.mark()
			before := s.ear.await(mark, 1, m)[0]
			mark = s.ear.mark()
			forger.inject(worse.frame())
			heard := s.ear.await(mark, 1+c.answers, m)
			injected := s.ear.from(mark, forger)
			if len(injected) != 1 {
				t.Fatalf("%d adverts injected, want 1", len(injected))
			}
			answers := 0
			for _, a := range heard {
				// The next one in the rhythm cannot come before half an interval is over.
				if a.at >= injected[0].at && a.at < before.at+every/2 {
					answers++
				}
			}
			if answers != c.answers {
				t.Errorf("%d answers to a losing advert, want %d: %v after %v and %v", answers, c.answers, heard, before, injected)
			}
			next := heard[c.answers]
			if gap := next.at - before.at; gap < every-every/4 || gap > every+every/4 {
				t.Errorf("the rhythm broke: %s between two adverts, want %s", gap, every)
			}
			if r := m.router(); r.Role != "master" || r.Stats.LeftMaster != 0 {
				t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
			}
		})
	}
}

// TestBothVersions runs a master that speaks version 2 and 3 (T-24, RFC 9568 8.4): both are on the wire, and a
// version 2 backup follows it.
func TestBothVersions(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSegment(t, "both-"+hook)
		master, old := s.add("master"), s.add("old")
		i := instance{priority: 200, interval: 500 * time.Millisecond, lines: []string{"@xvrrp v2_v3_interop"}}
		master.run(hook, nil, i)
		master.awaitRole(only, "master")
		old.run(hook, nil, instance{version: 2, interval: time.Second, priority: 100})
		old.awaitFollowing(master)

		mark := s.ear.mark()
		heard := s.ear.await(mark, 8, master)
		for n, a := range heard[:8] {
			if n > 0 && a.version+heard[n-1].version != 5 {
				t.Errorf("version %d after version %d, want them by turns", a.version, heard[n-1].version)
			}
			want := i.interval
			if a.version == 2 {
				want = time.Second // whole seconds
			}
			if a.interval != want || a.priority != 200 || !slices.Equal(a.addrs, []netip.Addr{vip.Addr()}) {
				t.Errorf("version %d advert %s with interval %s and addresses %s", a.version, a, a.interval, a.addrs)
			}
		}
		s.ear.silent(0, old)
	})
}
