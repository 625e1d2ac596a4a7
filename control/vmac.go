package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/host"
)

// This file gives routers with use_vmac their macvlans.

// nameVMACs gives every router with a virtual MAC the name of its macvlan: the configured one, or that of the running
// router it goes on with, or the first that keepalived would take and no other router has; taken are names of others.
func nameVMACs(routers, running []*router, taken map[string]bool, prefix string) {
	if !slices.ContainsFunc(routers, func(r *router) bool { return r.conf.VMAC != nil }) {
		return
	}
	had := make(map[identity]string)
	for _, r := range running {
		had[r.identity()] = r.vmac
	}
	for _, r := range routers {
		if v := r.conf.VMAC; v != nil && v.Name != "" {
			r.vmac = v.Name
			taken[v.Name] = true
		}
	}
	for _, r := range routers {
		if name := had[r.identity()]; name != "" && r.vmac == "" && !taken[name] {
			taken[name], r.vmac = true, name
		}
	}
	for _, r := range routers {
		if r.conf.VMAC == nil || r.vmac != "" {
			continue
		}
		for _, name := range vmacNames(prefix, r.conf) {
			if !taken[name] {
				taken[name], r.vmac = true, name
				break
			}
		}
	}
}

// vmacNames are the names keepalived tries, in its order.
func vmacNames(prefix string, c *config.Router) []string {
	names := []string{fmt.Sprintf("%s.%d", prefix, c.VRID)}
	if c.V6 {
		names = append(names, fmt.Sprintf("%s6.%d", prefix, c.VRID))
	}
	for n := 1; n < 256; n++ {
		names = append(names, fmt.Sprintf("%s%d.%d", prefix, n, c.VRID))
	}
	return names
}

// virtualMAC is a router's virtual MAC (RFC 9568 7.3).
func virtualMAC(c *config.Router) [6]byte {
	switch {
	case c.VMAC.MAC != [6]byte{}:
		return c.VMAC.MAC
	case c.V6:
		return [6]byte{0x00, 0x00, 0x5e, 0x00, 0x02, c.VRID}
	}
	return [6]byte{0x00, 0x00, 0x5e, 0x00, 0x01, c.VRID}
}

// advertMAC is the source MAC of a router's adverts, zero for the link's own.
func advertMAC(c *config.Router) [6]byte {
	if c.VMAC == nil || c.VMAC.XmitBase || len(c.Peers) > 0 {
		return [6]byte{}
	}
	return virtualMAC(c)
}

// ensureVMAC sees to it that a router's macvlan is on its link and among links, and words why it is not.
func (d *daemon) ensureVMAC(r *router, links map[string]*host.Link) (fault string) {
	parent := links[r.iface]
	if r.vmac == "" || parent == nil {
		return ""
	}
	if is := links[r.vmac]; is != nil && is.Parent == parent.Index && is.MAC == virtualMAC(r.conf) && d.vmacs[r.vmac] == is.Index {
		return ""
	}
	index, err := d.host.EnsureVMAC(host.VMAC{Name: r.vmac, Parent: parent.Index, MAC: virtualMAC(r.conf), Group: r.conf.VMAC.Group})
	if err != nil {
		return err.Error()
	}
	d.vmacs[r.vmac] = index
	links[r.vmac] = &host.Link{Index: index, Parent: parent.Index, Name: r.vmac, Kind: "macvlan", MAC: virtualMAC(r.conf),
		MTU: parent.MTU, Up: parent.Up, Multicast: parent.Multicast}
	return ""
}

// vmacPending is the fault of a router whose macvlan is being made.
var vmacPending = host.ErrVMACPending.Error()

// awaitVMACs waits until every macvlan is there or has turned out not to be possible; but not longer than it should
// take, for the routers of the others can do their work.
func (d *daemon) awaitVMACs(ctx context.Context) {
	enough := time.After(vmacPatience)
	for slices.ContainsFunc(d.routers, func(r *router) bool { return r.causes[causeVMAC] == vmacPending }) {
		select {
		case <-d.changes:
			d.linksChanged()
		case <-enough:
			return
		case <-ctx.Done():
			return
		}
	}
}

// vmacPatience is how long macvlans may take at the start: the kernel makes some hundred in a second.
const vmacPatience = 10 * time.Second

// dropVMAC removes the macvlan of a router that goes.
func (d *daemon) dropVMAC(r *router) {
	if r.vmac != "" {
		delete(d.vmacs, r.vmac)
		d.host.RemoveVMAC(r.vmac)
	}
}
