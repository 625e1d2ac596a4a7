package config

import (
	"errors"
	"net/netip"
	"strings"
)

var errListen = errors.New("give a port, for this host alone, or an IP address and a port: 9112, 192.0.2.10:9112, [2001:db8::1]:9112")

// ParseListen reads where plain HTTP is served. A port alone is open to this host only.
func ParseListen(text string) (netip.AddrPort, error) {
	host, port := "127.0.0.1", text
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		host, port = text[:i], text[i+1:]
		if host == "" || host == "localhost" {
			host = "127.0.0.1"
		}
	}
	at, err := netip.ParseAddrPort(host + ":" + port)
	if err != nil {
		return netip.AddrPort{}, errListen
	}
	return at, nil
}

// listenName is an address to listen on as it is told.
func listenName(at netip.AddrPort) string {
	if !at.IsValid() {
		return "nowhere"
	}
	return at.String()
}

// listen is vrrp_listen.
func listen(d *decoder, n *node, in scope) {
	at, err := ParseListen(n.words[1].s)
	if err != nil {
		d.report(Warning, n.mark(1), err.Error(), "vrrp_listen %s is no address to listen on; line ignored", n.words[1].s)
		return
	}
	in.globals.Listen = at
}
