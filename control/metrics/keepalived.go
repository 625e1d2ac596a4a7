package metrics

import (
	"net/netip"
	"runtime"
	"slices"
	"strconv"

	"github.com/xvrrp/xvrrp/control/api"
)

// instance are the labels by which keepalived-exporter tells routers apart.
var instance = []string{"iname", "intf", "vrid"}

// keepalivedFamilies are the metrics of keepalived-exporter 1.7.1, by its names and labels, with what it makes of
// keepalived's files. The status of its own check script is not among them: there is no such script here.
func keepalivedFamilies() []family {
	return []family{
		{kind: gauge, name: "keepalived_up", help: "Status",
			read: func(_ *api.Snapshot, put put) { put(1) }},
		{kind: gauge, name: "keepalived_exporter_build_info", help: "1; what takes the exporter's place.",
			labels: []string{"version", "goversion"},
			read:   func(s *api.Snapshot, put put) { put(1, s.Version, runtime.Version()) }},
		{kind: gauge, name: "keepalived_vrrp_state", help: "State of vrrp: 0 init, 1 backup, 2 master, 3 fault",
			labels: append(slices.Clone(instance), "ip_address"), read: addressStates(false)},
		{kind: gauge, name: "keepalived_vrrp_excluded_state", help: "State of vrrp with excluded VIP",
			labels: append(slices.Clone(instance), "ip_address"), read: addressStates(true)},
		ofStats("keepalived_advertisements_received_total", "Advertisements received",
			func(n *api.KeepalivedStats) uint64 { return n.Received }),
		ofStats("keepalived_advertisements_sent_total", "Advertisements sent",
			func(n *api.KeepalivedStats) uint64 { return n.Sent }),
		ofStats("keepalived_become_master_total", "Became master",
			func(n *api.KeepalivedStats) uint64 { return n.BecameMaster }),
		ofStats("keepalived_release_master_total", "Released master",
			func(n *api.KeepalivedStats) uint64 { return n.ReleasedMaster }),
		ofStats("keepalived_packet_length_errors_total", "Packet length errors",
			func(n *api.KeepalivedStats) uint64 { return n.Length }),
		ofStats("keepalived_advertisements_interval_errors_total", "Advertisement interval errors",
			func(n *api.KeepalivedStats) uint64 { return n.Interval }),
		ofStats("keepalived_ip_ttl_errors_total", "TTL errors",
			func(n *api.KeepalivedStats) uint64 { return n.TTL }),
		ofStats("keepalived_invalid_type_received_total", "Invalid type errors",
			func(n *api.KeepalivedStats) uint64 { return n.Type }),
		ofStats("keepalived_address_list_errors_total", "Address list errors",
			func(n *api.KeepalivedStats) uint64 { return n.AddressList }),
		ofStats("keepalived_authentication_invalid_total", "Authentication invalid",
			func(n *api.KeepalivedStats) uint64 { return n.AuthInvalid }),
		ofStats("keepalived_authentication_mismatch_total", "Authentication mismatch",
			func(n *api.KeepalivedStats) uint64 { return n.AuthMismatch }),
		ofStats("keepalived_authentication_failure_total", "Authentication failure",
			func(n *api.KeepalivedStats) uint64 { return n.AuthFailure }),
		ofStats("keepalived_priority_zero_received_total", "Priority zero received",
			func(n *api.KeepalivedStats) uint64 { return n.ZeroReceived }),
		ofStats("keepalived_priority_zero_sent_total", "Priority zero sent",
			func(n *api.KeepalivedStats) uint64 { return n.ZeroSent }),
		perInstance("keepalived_gratuitous_arp_delay_total", "Gratuitous ARP delay in seconds, as configured: a counter by name only",
			func(r *api.Router) float64 { return r.GARPDelay }),
		{kind: gauge, name: "keepalived_script_status", help: "Tracker Script Status: 0 bad, 1 good", labels: []string{"name"},
			read: func(s *api.Snapshot, put put) {
				for _, t := range s.Trackers {
					if t.Kind == "script" && t.State != "unknown" {
						put(truth(t.State == "up"), t.Name)
					}
				}
			}},
		{kind: gauge, name: "keepalived_script_state", help: "Tracker Script State: 0 idle, the only one here", labels: []string{"name"},
			read: func(s *api.Snapshot, put put) {
				for _, t := range s.Trackers {
					if t.Kind == "script" {
						put(0, t.Name)
					}
				}
			}},
	}
}

// perInstance is a counter of the exporter with one value for each router.
func perInstance(name, help string, value func(r *api.Router) float64) family {
	return family{kind: counter, name: name, help: help, labels: instance, read: func(s *api.Snapshot, put put) {
		for i := range s.Routers {
			r := &s.Routers[i]
			put(value(r), r.Name, r.Interface, strconv.Itoa(int(r.VRID)))
		}
	}}
}

// ofStats is a counter that keepalived keeps.
func ofStats(name, help string, count func(n *api.KeepalivedStats) uint64) family {
	return perInstance(name, help, func(r *api.Router) float64 {
		n := r.Stats.Keepalived(false)
		return float64(count(&n))
	})
}

// addressStates tells the state of a router once for each of its addresses, of the excluded ones or of the others. A
// router without addresses counts as one with an empty address.
func addressStates(excluded bool) func(s *api.Snapshot, put put) {
	return func(s *api.Snapshot, put put) {
		for i := range s.Routers {
			r := &s.Routers[i]
			state, vrid, any := float64(slices.Index(roles, r.Role)), strconv.Itoa(int(r.VRID)), false
			for _, v := range r.VIPs {
				if v.Excluded == excluded {
					put(state, r.Name, device(r, v), vrid, address(v.Address))
					any = true
				}
			}
			if !any && !excluded {
				put(state, r.Name, r.Interface, vrid, "")
			}
		}
	}
}

// device is where an address goes, as keepalived's files have it: of a macvlan they name the link below it, too.
func device(r *api.Router, v api.VIP) string {
	if r.VMAC != "" && v.Device == r.VMAC {
		return r.VMAC + "@" + r.Interface
	}
	return v.Device
}

// address is an address as keepalived's files have it.
func address(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
