package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/doctor"
	"github.com/xvrrp/xvrrp/loader"
)

// thisKernel fills in what of this host is in no file.
func thisKernel(ctx context.Context, f *doctor.Facts) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return fmt.Errorf("ask for the kernel's version: %w", err)
	}
	f.Kernel = unix.ByteSliceToString(u.Release[:])
	var clock unix.Timex
	state, err := unix.Adjtimex(&clock)
	f.Unsynced = err == nil && state == unix.TIME_ERROR
	if filter, err := openFilter(); err != nil {
		f.Filter = err
	} else if err := filter.Close(); err != nil {
		return err
	}
	if f.Links, err = links(); err != nil {
		return err
	}
	f.Rulesets = rulesets(ctx)
	return nil
}

// links are the interfaces of this network namespace.
func links() ([]doctor.Link, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var found []doctor.Link
	for _, i := range all {
		l := doctor.Link{Name: i.Name, Index: i.Index, MTU: i.MTU, Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has gone
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				l.Addrs = append(l.Addrs, p)
			}
		}
		p, err := loader.Probe(i.Index, i.Name)
		l.Driver, l.Mode, l.ModeWhy, l.Taken, l.Offloads, l.Unread = p.Description, string(p.Mode), p.Reason, p.Program, p.Offloads, err
		found = append(found, l)
	}
	return found, nil
}

// rulesets are what those of the tools that are installed list of the firewall.
func rulesets(ctx context.Context) (found []doctor.Ruleset) {
	for _, tool := range [][]string{{"nft", "-j", "list", "ruleset"}, {"iptables-save"}, {"ip6tables-save"}} {
		path, err := exec.LookPath(tool[0])
		if err != nil {
			continue
		}
		text, err := listing(ctx, path, tool[1:]...)
		found = append(found, doctor.Ruleset{Tool: tool[0], Text: text, Err: err})
	}
	return found
}

// listing is what a tool writes. A large ruleset takes a while.
func listing(ctx context.Context, path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		first, _, _ := bytes.Cut(exit.Stderr, []byte("\n"))
		return nil, errors.New(strings.TrimSpace(string(first)))
	}
	return out, err
}
