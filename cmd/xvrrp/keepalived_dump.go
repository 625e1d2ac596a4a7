// The dump files of keepalived, which its monitoring reads: .data for people, .stats and .json for programs.

package main

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"os"
	"strings"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

// dumper writes the dump files when a signal asks for them. One goroutine uses it.
type dumper struct {
	log     *slog.Logger
	cleared map[string]api.Stats // by router, the counters when they were last cleared
}

// dump is what the files tell: the configuration in force and what became of it.
type dump struct {
	conf    *config.Config
	snap    api.Snapshot
	routers []dumpedRouter
}

// dumpedRouter is a router as it is configured and as it is.
type dumpedRouter struct {
	conf *config.Router
	snap api.Router
}

// take asks the daemon.
func (d *dumper) take(ctx context.Context, h control.Handle) (dump, error) {
	conf, err := h.Config(ctx)
	if err != nil {
		return dump{}, err
	}
	snap, err := h.Snapshot(ctx)
	if err != nil {
		return dump{}, err
	}
	return newDump(conf, snap, d.cleared), nil
}

// newDump brings configuration and state together by the names of routers, which differ only while a reload happens.
func newDump(c *config.Config, s api.Snapshot, cleared map[string]api.Stats) dump {
	byName := make(map[string]api.Router, len(s.Routers))
	for _, r := range s.Routers {
		r.Stats = sinceCleared(r.Stats, cleared[r.Name])
		byName[r.Name] = r
	}
	d := dump{conf: c, snap: s}
	for i := range c.Routers {
		if r, ok := byName[c.Routers[i].Name]; ok {
			d.routers = append(d.routers, dumpedRouter{&c.Routers[i], r})
		}
	}
	return d
}

// sinceCleared is what was counted since the counters stood at zero. They start anew with a router that a reload restarts.
func sinceCleared(now, zero api.Stats) api.Stats {
	if now.Sent < zero.Sent || now.Received < zero.Received {
		return now
	}
	now.Received -= zero.Received
	now.Sent -= zero.Sent
	now.BecameMaster -= zero.BecameMaster
	now.LeftMaster -= zero.LeftMaster
	now.ZeroReceived -= zero.ZeroReceived
	now.ZeroSent -= zero.ZeroSent
	now.Verdicts = maps.Clone(now.Verdicts)
	for label, n := range zero.Verdicts {
		now.Verdicts[label] -= min(n, now.Verdicts[label])
	}
	return now
}

// data answers SIGUSR1.
func (d *dumper) data(ctx context.Context, h control.Handle) {
	d.write(ctx, h, "Printing VRRP data on signal", "data", dump.text)
}

// stats answers SIGUSR2.
func (d *dumper) stats(ctx context.Context, h control.Handle) {
	d.write(ctx, h, "Printing VRRP stats on signal", "stats", dump.counters)
}

// json answers SIGRTMIN+2. Without any router there is no file.
func (d *dumper) json(ctx context.Context, h control.Handle) {
	d.write(ctx, h, "Printing VRRP as json on signal", "json", dump.json)
}

// statsAndClear answers SIGRTMAX-1: the counters begin at zero after they have been written.
func (d *dumper) statsAndClear(ctx context.Context, h control.Handle) {
	d.write(ctx, h, "Printing and clearing VRRP stats on signal", "stats", dump.counters)
	s, err := h.Snapshot(ctx)
	if err != nil {
		d.log.Error("the counters were not cleared", "err", err)
		return
	}
	d.cleared = make(map[string]api.Stats, len(s.Routers))
	for _, r := range s.Routers {
		d.cleared[r.Name] = r.Stats
	}
}

// logData writes the data to the log, for -d.
func (d *dumper) logData(ctx context.Context, h control.Handle) {
	now, err := d.take(ctx, h)
	if err != nil {
		d.log.Error("the configuration is not dumped", "err", err)
		return
	}
	for line := range strings.Lines(string(now.text())) {
		d.log.Info(strings.TrimRight(line, "\n"))
	}
}

func (d *dumper) write(ctx context.Context, h control.Handle, say, kind string, content func(dump) []byte) {
	d.log.Info(say)
	now, err := d.take(ctx, h)
	if err == nil {
		if text := content(now); text != nil {
			err = replaceFile(dumpPath(now.conf.Global, kind), dumpMode(now.conf.Global), text)
		}
	}
	if err != nil {
		d.log.Error("a dump file was not written", "err", err)
	}
}

// dumpPath is where a dump goes: where the configuration says, else /tmp/keepalived.KIND, with the names of the
// daemon in front of KIND if data_use_instance wants them.
func dumpPath(g config.Global, kind string) string {
	chosen := map[string]string{"data": g.StateDump, "stats": g.StatsDump, "json": g.JSONDump}[kind]
	if chosen != "" {
		return chosen
	}
	names := []string{g.NetNamespace, g.Instance}
	if g.NetNamespace == "" || g.Instance == "" {
		names = []string{g.NetNamespace + g.Instance}
	}
	name := strings.Join(names, "_")
	if !g.DataUseInstance || name == "" {
		return "/tmp/keepalived." + kind
	}
	return "/tmp/keepalived." + name + "." + kind
}

// dumpMode is keepalived's: for the owner alone, unless a umask is given.
func dumpMode(g config.Global) os.FileMode {
	if g.UMask >= 0 {
		return 0o666 &^ os.FileMode(g.UMask)
	}
	return 0o600
}

// counters is the .stats file.
func (d dump) counters() []byte {
	var b bytes.Buffer
	for _, r := range d.routers {
		writeCounters(&b, r)
	}
	return b.Bytes()
}
