package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/lab"
)

// The set-up of the tutorial.
const (
	demoCard   = "ens160"
	demoRouter = "ERIC_VI_1"
	demoVRID   = 56

	demoDir = "/run/xvrrp-demo" // configurations, logs and runtime directories
)

var (
	demoVIP    = netip.MustParsePrefix("172.160.180.168/24")
	demoClient = netip.MustParsePrefix("172.160.180.10/24")
)

// part is what a host is.
type part struct {
	name     string
	addr     netip.Prefix
	state    string
	priority int
}

// cast is the hosts, in the order they become master.
var cast = []part{
	{"test1", netip.MustParsePrefix("172.160.180.46/24"), "MASTER", 160},
	{"test2", netip.MustParsePrefix("172.160.180.47/24"), "BACKUP", 150},
	{"test3", netip.MustParsePrefix("172.160.180.48/24"), "BACKUP", 140},
}

// stage is the cluster and its client.
type stage struct {
	app    *app
	lab    *lab.Lab
	hosts  []*actor
	client *client
	began  time.Time

	stopClient context.CancelFunc
	clients    sync.WaitGroup
	ends       []func() error // what else there is to close
}

// atEnd has something closed with the stage.
func (s *stage) atEnd(end func() error) { s.ends = append(s.ends, end) }

// newStage prepares an empty network.
func newStage(a *app) (s *stage, err error) {
	s = &stage{app: a, stopClient: func() {}}
	if s.lab, err = lab.New("demo"); err != nil {
		return nil, err
	}
	// The lab is ours alone: what lies here is left from a demo that was killed.
	if err := errors.Join(os.RemoveAll(demoDir), os.Mkdir(demoDir, 0o700)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// addActor adds a host and prepares its xvrrp.
func (s *stage) addActor(c part, attach, config string) error {
	h, conf, err := s.addHost(c, lab.Segment, config)
	if err != nil {
		return err
	}
	h.daemon = api.NewClient(h.dir)
	h.args = []string{"run", "--iface", demoCard, "--config", conf, "--attach", attach, "--runtime-dir", h.dir}
	return nil
}

// addHost adds a host on a segment with a file for a daemon that is yet to be chosen.
func (s *stage) addHost(c part, segment, config string) (h *actor, conf string, err error) {
	host, err := s.lab.AddHost(c.name, lab.NIC{Name: demoCard, Segment: segment, Addrs: []netip.Prefix{c.addr}})
	if err != nil {
		return nil, "", err
	}
	h = &actor{Host: host, addr: c.addr.Addr(), dir: filepath.Join(demoDir, c.name), log: filepath.Join(demoDir, c.name+".log")}
	s.hosts = append(s.hosts, h)
	conf = filepath.Join(demoDir, c.name+".conf")
	return h, conf, os.WriteFile(conf, []byte(config), 0o600)
}

// start starts every daemon, the others when the first one answers: it is meant to be master.
func (s *stage) start(ctx context.Context) error {
	s.began = time.Now()
	for i, h := range s.hosts {
		if err := h.start(); err != nil {
			return err
		}
		if i > 0 {
			continue
		}
		if err := h.awaitAnswer(ctx); err != nil {
			return err
		}
	}
	return nil
}

// demoConfig is the tutorial's file for one host.
func demoConfig(name, state string, priority int) string {
	return fmt.Sprintf(`global_defs {
    router_id %s
    vrrp_skip_check_adv_addr
}

vrrp_instance %s {
    state %s
    interface %s
    virtual_router_id %d
    priority %d
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        %v
    }
}
`, name, demoRouter, state, demoCard, demoVRID, priority, demoVIP)
}

// switchOff cuts the host's cable for good.
func (s *stage) switchOff(h *actor) error {
	h.off = true
	return s.lab.Cut(h.Host)
}

// addClient adds the host that pings.
func (s *stage) addClient() error {
	host, err := s.lab.AddHost("client", lab.NIC{Name: demoCard, Addrs: []netip.Prefix{demoClient}})
	if err != nil {
		return err
	}
	err = host.Do(func() error {
		card, err := net.InterfaceByName(demoCard)
		if err != nil {
			return err
		}
		s.client, err = openClient(card.Index)
		return err
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stopClient = cancel
	s.clients.Go(func() { s.client.run(ctx, demoVIP.Addr()) })
	return nil
}

// close removes everything.
func (s *stage) close() error {
	s.stopClient()
	s.clients.Wait()
	var errs []error
	for _, h := range s.hosts {
		if h.ended != nil && !h.dead {
			errs = append(errs, h.kill())
		}
	}
	for _, end := range s.ends {
		errs = append(errs, end())
	}
	return errors.Join(append(errs, os.RemoveAll(demoDir), s.lab.Close())...)
}

// logs is what the daemons had to say, for a demo that failed.
func (s *stage) logs() error {
	var b strings.Builder
	for _, h := range s.hosts {
		text, err := os.ReadFile(h.log)
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "\nlog of %s:\n%s", h.Name, text)
	}
	return errors.New(b.String())
}

// showAround says how to look at the hosts that are left running.
func (s *stage) showAround() {
	h := s.hosts[len(s.hosts)-1]
	fmt.Fprintf(s.app.stdout, `
The hosts stay until Ctrl-C. Look around with
  xvrrp status --runtime-dir %s
  xvrrp events --runtime-dir %s
  ip netns exec %s ip address show %s
`, h.dir, h.dir, h.Namespace, demoCard)
}
