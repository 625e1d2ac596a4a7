package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/track"
)

// definition is where a tracker is defined.
type definition struct {
	key    string
	kind   config.TrackKind
	name   string
	conf   *config.Config
	reload bool // not the daemon's start
}

// trackersOf makes trackers of definitions. What it returns may take its time and is not for the loop.
func trackersOf(shared *track.Shared, log *slog.Logger) func(definition) track.Tracker {
	return func(def definition) track.Tracker {
		key, name, g := def.key, def.name, &def.conf.Global
		switch c := def.conf.Trackers.Find(def.kind, name).(type) {
		case *config.Script:
			cmd := prepare(&c.Command, g, log)
			if cmd == nil {
				return never{errNotRun}
			}
			return shared.Script(track.ScriptOptions{Key: key, Name: name, Command: cmd, Interval: c.Interval,
				Timeout: c.Timeout, Rise: c.Rise, Fall: c.Fall, InitFail: c.InitFail})
		case *config.File:
			return shared.File(track.FileOptions{Key: key, Name: name, Path: c.Path, Init: c.Init && !def.reload,
				InitValue: c.InitValue, Overwrite: c.Overwrite && !def.reload})
		case *config.Process:
			return shared.Process(track.ProcessOptions{Key: key, Name: name, Argv: c.Argv, Match: track.ParamMatch(c.Match),
				FullCommand: c.FullCommand, Quorum: c.Quorum, QuorumMax: c.QuorumMax, ForkDelay: c.ForkDelay,
				TerminateDelay: c.TerminateDelay})
		case *config.BFD:
			return shared.BFD(track.BFDOptions{Key: key, Name: name, Neighbor: c.Neighbor, Source: c.Source, MinRx: c.MinRx,
				MinTx: c.MinTx, IdleTx: c.IdleTx, Multiplier: c.Multiplier, Passive: c.Passive, Multihop: c.Multihop,
				TTL: c.TTL, MaxHops: c.MaxHops})
		case *config.Check:
			return checkOf(shared, key, c, g, log)
		}
		return never{fmt.Errorf("%s is not defined", key)}
	}
}

// checkOf makes the tracker of a vrrp_check.
func checkOf(shared *track.Shared, key string, c *config.Check, g *config.Global, log *slog.Logger) track.Tracker {
	o := track.CheckOptions{Key: key, Name: c.Name, Interval: c.Interval, Timeout: c.Timeout, Retry: c.Retry,
		RetryDelay: c.RetryDelay, Rise: c.Rise, Fall: c.Fall, InitFail: c.InitFail}
	switch c.Kind {
	case config.CheckPing:
		return shared.Ping(track.PingOptions{CheckOptions: o, Host: c.Host, Bind: c.Bind})
	case config.CheckTCP:
		return shared.TCP(track.TCPOptions{CheckOptions: o, Host: c.Host, Port: c.Port, Bind: c.Bind})
	case config.CheckHTTP:
		pages, err := pagesOf(c.URLs)
		if err != nil {
			return never{err}
		}
		return shared.HTTP(track.HTTPOptions{CheckOptions: o, Host: c.Host, Port: c.Port, Bind: c.Bind, TLS: c.TLS,
			Insecure: c.Insecure, SNI: c.SNI, VirtualHost: c.VirtualHost, Pages: pages})
	}
	cmd := prepare(&c.Command, g, log)
	if cmd == nil {
		return never{errNotRun}
	}
	return shared.Misc(track.MiscOptions{CheckOptions: o, Command: cmd})
}

func pagesOf(urls []config.URL) ([]track.Page, error) {
	var out []track.Page
	for _, u := range urls {
		p := track.Page{Path: u.Path, VirtualHost: u.VirtualHost, Digest: u.Digest, RegexNot: u.RegexNot}
		for _, s := range u.Status {
			p.Status = append(p.Status, track.StatusRange(s))
		}
		if u.Regex != "" {
			re, err := regexp.Compile(u.Regex)
			if err != nil {
				return nil, fmt.Errorf("regex of url %s: %w", u.Path, err)
			}
			p.Regex = re
		}
		out = append(out, p)
	}
	return out, nil
}

var errNotRun = errors.New("its command cannot be run; the log says why")

// never is a tracker of something that cannot be watched: it is down.
type never struct{ err error }

func (n never) Run(context.Context, chan<- track.Result) error { return n.err }
