// The virtual MAC of a router.

package config

// virtualMAC settles use_vmac.
func (c *checker) virtualMAC(dr *draft) {
	if !dr.vmac.ok {
		if dr.xmitBase.ok {
			c.warn(dr, dr.xmitBase.at, "remove it", "vmac_xmit_base without use_vmac is ignored")
		}
		return
	}
	v := dr.vmac.v
	if v.short {
		v.MAC[5] = dr.VRID
	}
	v.XmitBase = dr.xmitBase.ok
	switch {
	case dr.Interface == "":
		c.fault(dr, dr.vmac.at, "add interface", "use_vmac needs an interface")
	case dr.Strict:
		c.strictMAC(dr, &v.VMAC)
	case len(dr.Peers) > 0 && !v.XmitBase:
		c.warn(dr, dr.vmac.at, "add vmac_xmit_base", "use_vmac with unicast_peer needs vmac_xmit_base, which is used")
		v.XmitBase = true
	}
	dr.VMAC = &v.VMAC
}

// strictMAC: strict mode knows the RFC's virtual MAC alone (RFC 9568 7.3).
func (c *checker) strictMAC(dr *draft, v *VMAC) {
	if v.MAC != [6]byte{} {
		c.warn(dr, dr.vmac.at, "remove the MAC, or strict mode", "strict mode wants the RFC's virtual MAC, which is used")
		v.MAC = [6]byte{}
	}
	if v.XmitBase {
		c.warn(dr, dr.xmitBase.at, "remove it, or strict mode", "strict mode knows no vmac_xmit_base; it is ignored")
		v.XmitBase = false
	}
}
