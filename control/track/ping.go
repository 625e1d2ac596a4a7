package track

import (
	"context"
	"net/netip"
)

// PingOptions say what a ping check does.
type PingOptions struct {
	CheckOptions
	Host string     // address, or name to be resolved at each attempt
	Bind netip.Addr // ask from here; may be zero
}

// Ping asks for an ICMP echo: the address answers.
func (s *Shared) Ping(o PingOptions) Tracker {
	return &check{CheckOptions: o.CheckOptions, log: s.log, probe: func(ctx context.Context) error {
		addr, err := resolve(ctx, o.Host)
		if err != nil {
			return err
		}
		p := s.ping4
		if addr.Is6() {
			p = s.ping6
		}
		if err := p.ensure(p.listen); err != nil {
			return err
		}
		return p.ping(ctx, addr, o.Bind)
	}}
}
