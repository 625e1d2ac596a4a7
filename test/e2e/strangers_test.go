package e2e

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/test/bed"
)

// TestAddressLists confronts a master with a better one whose address list is another (RX-14, RX-17): one that
// shares no address belongs to another cluster, one that overlaps to a peer in the middle of a change.
func TestAddressLists(t *testing.T) {
	disjoint, overlap := []netip.Addr{other}, []netip.Addr{bed.VIP.Addr(), other}
	for _, c := range []struct {
		name, hook, mismatch string
		list                 []netip.Addr
		verdict              string // empty: accepted
		note                 string
	}{
		{"disjoint is a conflict", "xdp", "", disjoint, "conflict", "VRID 56 is also used by"},
		{"disjoint is a conflict for tc", "tc", "", disjoint, "conflict", "VRID 56 is also used by"},
		{"overlap is a peer", "xdp", "", overlap, "", "another address list"},
		{"overlap is a peer for tc", "tc", "", overlap, "", "another address list"},
		{"accept takes disjoint", "xdp", "accept", disjoint, "", "another address list"},
		{"drop refuses overlap", "xdp", "drop", overlap, "addr_list", ""},
		{"drop takes the same", "xdp", "drop", []netip.Addr{bed.VIP.Addr()}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fmt.Sprintf("list-%s-%s%d", c.hook, c.mismatch, len(c.list))+c.verdict)
			m, forger := s.Add("m"), s.Add("forger")
			i := bed.Instance{Priority: 100}
			if c.mismatch != "" {
				i.Lines = []string{"vrrp_address_mismatch " + c.mismatch}
			}
			m.Run(c.hook, nil, i)
			m.AwaitRole(bed.Only, "master")
			f := forge(forger, 200)
			f.Addrs = c.list
			keepInjecting(t, forger.Host, bed.NIC, interval/2, f.frame())
			if c.verdict == "" {
				m.AwaitFollowing(forger)
				m.AwaitVIPs(false, bed.VIP)
			} else {
				m.AwaitDrops(c.verdict, 10)
			}
			r := m.Router()
			if c.verdict != "" && (r.Role != "master" || r.Stats.LeftMaster != 0) {
				t.Errorf("%s, left %d times, want master throughout", r.Role, r.Stats.LeftMaster)
			}
			if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
				t.Errorf("status notes %q, want %q", notes, c.note)
			}
			if c.verdict == "conflict" {
				m.AwaitEvent("conflict", "conflict")
				m.Running.AwaitLog("bogus VRRP packet received on ens160 !!!")
				m.Running.AwaitLog("source=" + forger.V4.String())
			}
		})
	}
}

// TestForeignPassesToTheStack lets another VRRP speaker of the host, a raw socket, receive what is not ours and
// nothing else (RX-08); above the rate even that is kept from it.
func TestForeignPassesToTheStack(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		const rate = 100
		s := newSite(t, "foreign-"+hook)
		m, forger := s.Add("m"), s.Add("forger")
		m.Run(hook, []string{fmt.Sprintf("@xvrrp unknown_vrid_rate %d", rate)}, bed.Instance{Priority: 100})
		m.AwaitRole(bed.Only, "master")
		socket := rawSocket(s, m)

		inject(forger, forge(forger, 50).frame())
		for _, verdict := range []string{"ttl", "version", "type", "checksum", "conflict"} {
			inject(forger, bogus(forger, m)[verdict].frame())
		}
		foreign := forge(forger, 50)
		var frames [][]byte
		for foreign.VRID = 1; foreign.VRID <= 20; foreign.VRID++ {
			frames = append(frames, foreign.frame())
			inject(forger, foreign.frame())
		}
		for want := uint8(1); want <= 20; want++ {
			if got := receiveVRID(t, socket); got != want {
				t.Fatalf("the host's stack got VRID %d, want %d and no other", got, want)
			}
		}

		if _, err := flood(forger.Host, bed.NIC, 300*time.Millisecond, frames); err != nil {
			t.Fatal(err)
		}
		m.AwaitDrops("flood", 1)
		passed := m.Drops()["foreign"]
		last := forge(forger, 50)
		last.VRID = 99
		keepInjecting(t, forger.Host, bed.NIC, interval, last.frame())
		got := uint64(len(frames))
		for receiveVRID(t, socket) != last.VRID {
			got++
		}
		if got != passed {
			t.Errorf("the host's stack got %d adverts, %d were counted under foreign", got, passed)
		}
	})
}

// rawSocket is what another VRRP daemon on the machine would listen with.
func rawSocket(s *bed.Site, m *bed.Machine) net.PacketConn {
	s.T.Helper()
	var conn net.PacketConn
	m.Do(func() (err error) {
		if conn, err = net.ListenPacket("ip4:112", "0.0.0.0"); err != nil {
			return err
		}
		card, err := net.InterfaceByName(bed.NIC)
		if err != nil {
			return err
		}
		return ipv4.NewPacketConn(conn).JoinGroup(card, &net.IPAddr{IP: group.AsSlice()})
	})
	s.T.Cleanup(func() { conn.Close() })
	return conn
}

func receiveVRID(t *testing.T, conn net.PacketConn) uint8 {
	t.Helper()
	b := make([]byte, 1500)
	conn.SetReadDeadline(time.Now().Add(bed.Patience))
	n, _, err := conn.ReadFrom(b)
	if err != nil || n < bed.HeadLen {
		t.Fatalf("receive an advert: %d bytes, %v", n, err)
	}
	return b[1]
}

// withoutFiles is run in a mount namespace of its own, in which no default configuration exists.
const withoutFiles = `set -e
for dir in /etc/xvrrp /etc/keepalived; do
	if [ -d "$dir" ]; then mount -t tmpfs tmpfs "$dir"; fi
done
exec "$@"`

// TestObservation runs the program with nothing but an interface: it lists the adverts of the segment, and says
// nothing.
func TestObservation(t *testing.T) {
	onEachHook(t, func(t *testing.T, hook string) {
		s := newSite(t, "observe-"+hook)
		master, observer := s.Add("master"), s.Add("observer")
		card, err := observer.Capture(bed.NIC)
		if err != nil {
			t.Fatal(err)
		}
		defer card.Close()
		observer.Start("xvrrp", "unshare", "--mount", "sh", "-c", withoutFiles, "sh",
			bed.Program, "run", "--iface", bed.NIC, "--runtime-dir", observer.Path("run"), "--attach", hook)
		master.Run(hook, nil, bed.Instance{Priority: 100})
		master.AwaitRole(bed.Only, "master")

		observer.AwaitDrops("foreign", 10)
		snapshot := observer.Snapshot()
		if len(snapshot.Routers) != 0 {
			t.Errorf("%d routers, want none", len(snapshot.Routers))
		}
		heard := slices.IndexFunc(snapshot.Heard, func(h api.Sighting) bool {
			return h.Source == master.V4.String() && h.VRID == bed.VRID && h.Version == 3 && h.Priority == 100 &&
				h.Verdict == "foreign" && slices.Equal(h.Addresses, []string{bed.VIP.Addr().String()})
		})
		if heard < 0 {
			t.Errorf("heard %+v, want the master's adverts", snapshot.Heard)
		}
		observer.Running.Stop()
		for _, f := range card.Frames() {
			_, says := bed.ReadAdvert(f)
			if f.Outgoing && (says || binary.BigEndian.Uint16(f.Data[12:]) == bed.EtherARP) {
				t.Fatalf("the observer sent % x", f.Data)
			}
		}
	})
}
