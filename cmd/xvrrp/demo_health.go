package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/lab"
	"github.com/xvrrp/xvrrp/loader"
)

func newDemoHealth(a *app) *cobra.Command {
	var o struct {
		keep   bool
		attach string
	}
	c := &cobra.Command{
		Use:   "health",
		Short: "Let a web server fail at three levels and show how the virtual address evades it",
		Long: `Health builds two hosts that run xvrrp and two web servers behind them, one for each. Each host checks its
own server at three levels: the machine answers (PING_CHECK), the port is open (TCP_CHECK), the application
says what it should (HTTP_GET). Then the first server dies at each level in turn and recovers: its cable is
cut, its port closes, it answers with a page that is wrong. The time line says what each check saw, how that
moved the priority, and where the virtual address went.

Everything is removed in the end, after Ctrl-C and after a failure too. The machine's own network is not
touched. It takes about fifteen seconds and needs root.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return perform(cmd.Context(), a, o.keep, func(ctx context.Context, s *stage) error { return s.illnesses(ctx, o.attach) })
		},
	}
	f := c.Flags()
	f.BoolVar(&o.keep, "keep", false, "leave the hosts running in the end, until Ctrl-C")
	f.StringVar(&o.attach, "attach", string(loader.XDP), "where the filter sits, a `MODE` of run: on a virtual card auto would choose tc")
	return c
}

// wards are the hosts with the web servers they watch.
var wards = []struct {
	part
	web netip.Prefix
}{
	{cast[0], netip.MustParsePrefix("172.160.180.81/24")},
	{cast[1], netip.MustParsePrefix("172.160.180.82/24")},
}

// enter adds the hosts, their web servers and the client. The first server is the patient.
func (s *stage) enter(attach string) (patient *webServer, err error) {
	for i, w := range wards {
		name := fmt.Sprintf("web%d", i+1)
		host, err := s.lab.AddHost(name, lab.NIC{Name: demoCard, Addrs: []netip.Prefix{w.web}})
		if err != nil {
			return nil, err
		}
		server := &webServer{host: host, addr: w.web.Addr()}
		if err := server.open(); err != nil {
			return nil, err
		}
		s.atEnd(server.close)
		if patient == nil {
			patient = server
		}
		if err := s.addActor(w.part, attach, healthConfig(w.part, w.web.Addr())); err != nil {
			return nil, err
		}
	}
	return patient, s.addClient()
}

// healthConfig is the file of a host that watches a web server. A failure at any level alone costs more than what lies
// between the hosts' priorities.
func healthConfig(p part, web netip.Addr) string {
	return fmt.Sprintf(`vrrp_check address {
    PING_CHECK {
        connect_ip %[1]v
        connect_timeout 0.3
        delay_loop 0.2
        retry 0
    }
    fall 2
}

vrrp_check port {
    TCP_CHECK {
        connect_ip %[1]v
        connect_port %[2]d
        connect_timeout 0.3
        delay_loop 0.2
        retry 0
    }
    fall 2
}

vrrp_check application {
    HTTP_GET {
        connect_ip %[1]v
        connect_port %[2]d
        connect_timeout 0.3
        delay_loop 0.2
        retry 0
        url {
            path /health
            status_code 200
            regex "^all is well"
        }
    }
    fall 2
}

vrrp_instance %[3]s {
    state %[4]s
    interface %[5]s
    version 3
    virtual_router_id %[6]d
    priority %[7]d
    advert_int 0.2
    virtual_ipaddress {
        %[8]v
    }
    track_check {
        address weight -30
        port weight -30
        application weight -30
    }
}
`, web, webPort, demoRouter, p.state, demoCard, demoVRID, p.priority, demoVIP)
}
