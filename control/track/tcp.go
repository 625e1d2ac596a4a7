package track

import (
	"context"
	"net"
	"net/netip"
)

// TCPOptions say what a TCP check does.
type TCPOptions struct {
	CheckOptions
	Host string // address, or name to be resolved at each attempt
	Port uint16
	Bind netip.Addr // connect from here; may be zero
}

// TCP connects to a port and hangs up: the port is open.
func (s *Shared) TCP(o TCPOptions) Tracker {
	return s.networkCheck(o.CheckOptions, func(ctx context.Context) error {
		conn, err := connect(ctx, o.Host, o.Port, o.Bind)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// connect opens a connection. Its error names the address that was tried.
func connect(ctx context.Context, host string, port uint16, bind netip.Addr) (net.Conn, error) {
	addr, err := resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	if bind.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(bind, 0))
	}
	to := netip.AddrPortFrom(addr, port).String()
	conn, err := dialer.DialContext(ctx, "tcp", to)
	if err != nil {
		return nil, failed("connect %s: %s", to, plain(err))
	}
	return conn, nil
}
