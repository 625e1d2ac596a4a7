// What a router may have beside the protocol itself: a virtual MAC, HMACs of its adverts, rules for being late.

package config

import (
	"encoding/hex"
	"path"
	"strconv"
	"strings"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

// vmacDraft is use_vmac as given.
type vmacDraft struct {
	VMAC
	short bool // the MAC's last octet is to be the VRID
}

// useVMAC reads "[[name] NAME] [MAC] [netlink_notify_msg] [group N]", in any order.
func useVMAC(d *decoder, n *node, in scope) {
	var v vmacDraft
	for i := 1; i < len(n.words); i++ {
		word := n.words[i].s
		mac, octets := parseMAC(word)
		switch {
		case word == "netlink_notify_msg":
		case word == "name" && i+1 < len(n.words):
			i++
			v.Name = d.vmacName(n, i)
		case word == "group" && i+1 < len(n.words):
			i++
			v.Group, _ = d.number(linkGroups, n, i)
		case octets > 0:
			d.vmacAddress(n, i, &v, mac, octets == 5)
		case v.Name == "":
			v.Name = d.vmacName(n, i)
		default:
			d.report(Warning, n.mark(i), "write use_vmac NAME MAC", "use_vmac takes a name and a MAC, not %q; ignored", word)
		}
	}
	put(d, n, 0, &in.router.vmac, v)
}

func (d *decoder) vmacName(n *node, i int) string {
	if !d.linkName(n, i, "a name is made from the VRID") {
		return ""
	}
	return n.words[i].s
}

// vmacAddress takes a MAC a macvlan can have. The RFC's own belong to VRIDs.
func (d *decoder) vmacAddress(n *node, i int, v *vmacDraft, mac [6]byte, short bool) {
	if mac[0]&1 != 0 || mac == [6]byte{} || mac[0] == 0 && mac[1] == 0 && mac[2] == 0x5e && mac[3] == 0 && (mac[4] == 1 || mac[4] == 2) {
		d.report(Warning, n.mark(i), "leave it out for the RFC's own", "%s cannot be chosen as virtual MAC; the RFC's is used", n.words[i].s)
		return
	}
	v.MAC, v.short = mac, short
}

// parseMAC reads five or six octets with colons between them and answers how many they are, 0 if s is no MAC.
func parseMAC(s string) (mac [6]byte, octets int) {
	parts := strings.Split(s, ":")
	if len(parts) != 5 && len(parts) != 6 {
		return mac, 0
	}
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 16, 8)
		if err != nil {
			return [6]byte{}, 0
		}
		mac[i] = byte(v)
	}
	return mac, len(parts)
}

// expiredPriority is what timer_expired_backup takes the others' priority for.
const expiredPriority = 254

func timerExpired(d *decoder, n *node, in scope) {
	v := int64(expiredPriority)
	if len(n.words) > 1 {
		var fault string
		if v, fault = integer(n.words[1].s, 1, expiredPriority); fault != "" {
			d.report(Warning, n.mark(1), "", "%s %s; line ignored", n.keyword(), fault)
			return
		}
	}
	put(d, n, 0, &in.router.timerExpired, uint8(v))
}

// oldChecksum matters to peers that are a decade old.
func oldChecksum(d *decoder, n *node, _ scope) {
	switch {
	case len(n.words) == 1:
		d.report(Warning, n.mark(0), "update peers older than keepalived 1.3.7, or use version 2 with them",
			"old_unicast_checksum is not carried out: unicast adverts of version 3 go out with the checksum newer peers make")
	case n.words[1].s != "never":
		d.report(Warning, n.mark(1), "", "old_unicast_checksum takes never, not %q; ignored", n.words[1].s)
	}
}

// hmacDraft is auth_hmac as given.
type hmacDraft struct {
	at        mark
	keys      map[uint8][]byte
	active    given[uint8]
	monotonic given[bool]
	window    given[int] // seconds
	mode      given[vrrp.HMACMode]
}

func enterHMAC(d *decoder, n *node, in scope) (scope, bool) {
	if first := in.router.hmac; first != nil {
		d.report(Warning, n.mark(0), "keep one of the two", "auth_hmac is given already at %s; block skipped", first.at.pos())
		return in, false
	}
	in.router.hmac = &hmacDraft{at: n.mark(0), keys: make(map[uint8][]byte)}
	return in, true
}

// hmacKey reads "ID VALUE". No message may repeat the value.
func hmacKey(d *decoder, n *node, in scope) {
	id, fault := integer(n.words[1].s, 1, 255)
	if fault != "" || len(n.words) < 3 {
		d.report(Warning, n.mark(0), "write key ID VALUE", "a key is a number from 1 to 255 and a value; line ignored")
		return
	}
	if _, twice := in.router.hmac.keys[uint8(id)]; twice {
		d.report(Warning, n.mark(1), "give each key a number of its own", "key %d is given already; line ignored", id)
		return
	}
	key, fault := d.keyBytes(n.words[2].s)
	if fault == "" && (len(key) < 32 || len(key) > 64) {
		fault = "has " + strconv.Itoa(len(key)) + " bytes, not 32 to 64"
	}
	if fault != "" {
		d.report(Warning, n.mark(2), "write 32 to 64 bytes of text, hex:DIGITS or file:PATH; openssl rand -hex 32 makes one", "key %d %s; line ignored", id, fault)
		return
	}
	in.router.hmac.keys[uint8(id)] = key
}

// keyFileBytes is how much of the file of a key is looked at.
const keyFileBytes = 4096

// keyBytes is a key of text, "hex:" and digits, or "file:" and a path; fault says in words what is wrong with it.
func (d *decoder) keyBytes(value string) (key []byte, fault string) {
	if digits, ok := strings.CutPrefix(value, "hex:"); ok {
		key, err := hex.DecodeString(digits)
		if err != nil {
			return nil, "is no hexadecimal number of whole bytes"
		}
		return key, ""
	}
	name, ok := strings.CutPrefix(value, "file:")
	if !ok {
		return []byte(value), ""
	}
	if !path.IsAbs(name) {
		return nil, "names its file by no absolute path"
	}
	text, err := d.readFile(name, keyFileBytes)
	if err != nil {
		return nil, "cannot be read: " + err.Error()
	}
	return []byte(strings.TrimRight(text, "\r\n")), ""
}
