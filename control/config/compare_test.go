package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// fullRouter is a router with something in every place that can hold something.
func fullRouter() *Router {
	command := &Command{Argv: []string{"/bin/true"}}
	return &Router{
		Name: "a", Priority: 100,
		Addresses: []Address{{Prefix: netip.MustParsePrefix("192.0.2.1/24")}, {Prefix: netip.MustParsePrefix("192.0.2.2/24")}},
		Excluded:  []Address{{Prefix: netip.MustParsePrefix("192.0.2.3/24")}},
		Peers:     []vrrp.Peer{{Addr: netip.MustParseAddr("192.0.2.4")}},
		Tracks:    []Track{{Kind: TrackScript, Name: "chk"}},
		GARP:      &GARP{},
		Notify: &Notify{Any: command, Master: command, Backup: command, Fault: command, Stop: command, Deleted: command,
			MasterRxLower: command},
		HMAC:   &vrrp.HMAC{Keys: map[uint8][]byte{1: []byte("topsecret")}},
		VMAC:   &VMAC{},
		Routes: []Route{{Text: "default", Metrics: []RouteMetric{{ID: 2}}, Hops: []NextHop{{Dev: "e0"}}}},
		Rules:  []Rule{{Text: "from all", UIDs: new([2]uint32), SPort: new([2]uint16), DPort: new([2]uint16)}},
	}
}

// TestSame: whatever differs in a router but for places is seen, and said in words.
func TestSame(t *testing.T) {
	if a, b := fullRouter(), fullRouter(); !a.Same(b) || a.Diff(b) != nil {
		t.Errorf("two equal routers differ: %v", a.Diff(b))
	}
	leaves := 0
	b := fullRouter()
	eachLeaf(reflect.ValueOf(b).Elem(), "", func(path string, v reflect.Value) {
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		defer v.Set(before)
		v.Set(other(v))
		leaves++
		a, place := fullRouter(), strings.Contains(path, "Pos")
		if got := a.Same(b); got != place {
			t.Errorf("%s differs: same is %t", path, got)
		}
		diff := a.Diff(b)
		if (len(diff) == 0) != place {
			t.Errorf("%s differs: %v", path, diff)
		}
		if strings.Contains(fmt.Sprint(diff), "topsecret") {
			t.Errorf("%s: a secret in %v", path, diff)
		}
	})
	if leaves < 200 {
		t.Errorf("%d fields were changed, want more than 200", leaves)
	}
}

// eachLeaf calls f for everything in v that holds a plain value, one at a time.
func eachLeaf(v reflect.Value, path string, f func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		eachLeaf(v.Elem(), path, f)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			eachLeaf(v.Index(i), path, f)
		}
	case reflect.Map: // of keys
		for _, key := range v.MapKeys() {
			was := v.MapIndex(key)
			v.SetMapIndex(key, reflect.ValueOf([]byte("another")))
			f(path, reflect.New(reflect.TypeFor[int]()).Elem())
			v.SetMapIndex(key, was)
		}
	case reflect.Struct:
		switch v.Interface().(type) {
		case netip.Addr, netip.Prefix, netip.AddrPort:
			f(path, v)
			return
		}
		for i := range v.NumField() {
			eachLeaf(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	default:
		f(path, v)
	}
}

// other is a value that differs from v.
func other(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(v.String() + "x")
	case reflect.Bool:
		out.SetBool(!v.Bool())
	case reflect.Struct:
		switch v.Interface().(type) {
		case netip.Addr:
			return reflect.ValueOf(netip.MustParseAddr("2001:db8::9"))
		case netip.AddrPort:
			return reflect.ValueOf(netip.MustParseAddrPort("[2001:db8::9]:9"))
		}
		return reflect.ValueOf(netip.MustParsePrefix("2001:db8::/32"))
	default:
		if v.CanUint() {
			out.SetUint(v.Uint() + 1)
		} else {
			out.SetInt(v.Int() + 1)
		}
	}
	return out
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Router)
		want   []string
	}{
		"number":           {func(r *Router) { r.Priority = 150 }, []string{"priority 100 -> 150"}},
		"name":             {func(r *Router) { r.Name = "b" }, []string{"name a -> b"}},
		"address appears":  {func(r *Router) { r.Source = netip.MustParseAddr("192.0.2.9") }, []string{"source address none -> 192.0.2.9"}},
		"address added":    {func(r *Router) { r.Addresses = append(r.Addresses, r.Excluded...) }, []string{"virtual_ipaddress 192.0.2.3/24 added"}},
		"address removed":  {func(r *Router) { r.Addresses = r.Addresses[1:] }, []string{"virtual_ipaddress 192.0.2.1/24 removed"}},
		"address changed":  {func(r *Router) { r.Addresses[0].Label = "x" }, []string{"virtual_ipaddress 192.0.2.1/24 changed"}},
		"addresses turned": {func(r *Router) { slices.Reverse(r.Addresses) }, []string{"virtual_ipaddress in another order"}},
		"peer removed":     {func(r *Router) { r.Peers = nil }, []string{"unicast_peer 192.0.2.4 removed"}},
		"weight":           {func(r *Router) { r.Tracks[0].Weight = 5 }, []string{"track script chk changed"}},
		"password":         {func(r *Router) { copy(r.Auth.Data[:], "topsecret") }, []string{"authentication changed"}},
		"key":              {func(r *Router) { r.HMAC = nil }, []string{"auth_hmac changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := fullRouter()
			c.change(b)
			if got := fullRouter().Diff(b); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestGlobalSettings: whatever differs in global_defs is said, but no password.
func TestGlobalSettings(t *testing.T) {
	full := func() *Config {
		c := &Config{}
		command := &Command{Argv: []string{"/bin/true"}}
		c.Global.FIFO = &FIFO{Script: command}
		c.Global.RouterFIFO = &FIFO{Script: command}
		c.Global.Startup.Command, c.Global.Shutdown.Command = command, command
		c.Global.Mail.To = []string{"root"}
		return c
	}
	b := full()
	eachLeaf(reflect.ValueOf(&b.Global).Elem(), "Global", func(path string, v reflect.Value) {
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		defer v.Set(before)
		v.Set(other(v))
		if diff := full().DiffOther(b); (len(diff) == 0) != strings.Contains(path, "Pos") {
			t.Errorf("%s differs: %q", path, diff)
		}
	})
}

func TestDiffOther(t *testing.T) {
	before := &Config{
		Global:     Global{RouterID: "a", Mail: Mail{Password: "topsecret"}},
		SyncGroups: []SyncGroup{{Name: "G"}},
		Trackers:   Trackers{Scripts: []Script{{Name: "chk"}, {Name: "old"}}},
	}
	after := &Config{
		Global:     Global{RouterID: "b"},
		SyncGroups: []SyncGroup{{Name: "G", Pos: Pos{Line: 3}}},
		Trackers:   Trackers{Scripts: []Script{{Name: "new"}, {Name: "chk", Rise: 2}}},
		Static:     Static{Routes: []Route{{Text: "default via 192.0.2.1"}}, Groups: map[string][]string{"g": {"a"}}},
	}
	want := []string{
		"global_defs router_id a -> b",
		"global_defs mail changed",
		"vrrp_script new added",
		"vrrp_script chk changed",
		"vrrp_script old removed",
		"static_routes default via 192.0.2.1 added",
		"track_group changed",
	}
	if got := before.DiffOther(after); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := before.DiffOther(before); got != nil {
		t.Errorf("a configuration differs from itself: %q", got)
	}
}
