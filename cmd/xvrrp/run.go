package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/metrics"
	"github.com/xvrrp/xvrrp/loader"
)

type runOptions struct {
	ifaces            []string
	config            string
	attach            string
	logFormat         string
	logLevel          string
	printConfig       bool
	listen            string
	metricsKeepalived bool
	state             string
	stateGiven        bool
	router            routerFlags
	access            accessFlags
}

// logAuto is the form of the log that fits where it goes.
const logAuto = "auto"

var attachModes = []string{string(loader.Auto), string(loader.XDP), string(loader.XDPGeneric), string(loader.TC)}

func newRun(a *app) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the daemon in the foreground",
		Long: `Run is the daemon. It takes its virtual routers from a file, by default /etc/xvrrp/xvrrp.conf, else
/etc/keepalived/keepalived.conf; --iface limits it to the routers on these links. Flags alone (--vrid,
--vip and so on) describe one router without a file; --print-config shows the file they stand for.

With --iface but without any configuration it observes: it filters, counts and lists the adverts of the
link and takes part in nothing.

SIGHUP makes it read its file again and put in force what changed, as xvrrp reload does. SIGTERM and
SIGINT stop it: masters resign, and addresses and filter are removed. It needs CAP_NET_ADMIN, CAP_NET_RAW and
CAP_BPF, and CAP_SYS_ADMIN for net_namespace.

It tells systemd when it is ready (Type=notify), and its log reaches the journal in fields that journalctl can
search: XVRRP_INSTANCE, XVRRP_VRID, XVRRP_IFACE, XVRRP_FROM, XVRRP_TO, XVRRP_REASON, and a MESSAGE_ID for each
kind of event.

Routers that were changed with xvrrp router ... --keep are in a file of their own, --state-file, which is read
after the configuration; what it says of a router takes the place of what the configuration says.

With --listen it answers plain HTTP: to be looked at with a browser, and at /metrics by Prometheus. Nothing
can be changed there, and nobody is asked who he is: a port alone is open to this host only, and others
need an address that they reach, written out (192.0.2.10:9112, or 0.0.0.0:9112 for all addresses). The
configuration can say the same (vrrp_listen); the flag goes before it. The metrics are listed in
docs/metrics.md; --metrics-keepalived adds those of keepalived-exporter by name, for
dashboards and alerts that know these.

The other commands ask the daemon through a socket in its runtime directory. Root and the daemon's own user may
use it; --socket-group lets others look, and --admin-group lets others change what the daemon does. Without
--socket-group the socket belongs to the admin group.

With net_namespace or instance in the file the default runtime directory gets a directory of these names
for the daemon: name it to the other commands with --runtime-dir.

` + exitCodeHelp,
		Example: `  xvrrp run
  xvrrp run --iface ens160 --config /etc/keepalived/keepalived.conf
  xvrrp run --iface ens160 --vrid 56 --vip 172.160.180.168/24 --priority 160
  xvrrp run --listen 9112 --metrics-keepalived
  xvrrp run --iface ens160 --attach xdp --runtime-dir /run/xvrrp-lan`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.router.given = o.router.changed(cmd.Flags())
			o.stateGiven = cmd.Flags().Changed("state-file")
			return runDaemon(cmd.Context(), a, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.ifaces, "iface", nil, "limit to this `INTERFACE` (may be repeated)")
	f.StringVar(&o.config, "config", "", "configuration `FILE`")
	f.StringVar(&o.attach, "attach", string(loader.Auto), "where the filter sits, a `MODE`: "+strings.Join(attachModes, ", "))
	f.StringVar(&o.logFormat, "log-format", logAuto, "`FORM` of the log on standard error: text, json, or auto, which is text, and fields of the journal where standard error goes there")
	f.StringVar(&o.logLevel, "log-level", "info", "least `LEVEL` logged: debug, info, warn or error")
	f.StringVar(&o.listen, "listen", "", "serve metrics and a page over plain HTTP at `[ADDRESS:]PORT`; without an address for this host alone")
	f.BoolVar(&o.metricsKeepalived, "metrics-keepalived", false, "with --listen: metrics also under the names of keepalived-exporter")
	f.StringVar(&o.state, "state-file", defaultState, "`FILE` of what xvrrp router --keep changed, and beside it one of xvrrp maintenance --keep; without this flag only the default runtime directory has them")
	f.BoolVar(&o.printConfig, "print-config", false, "print the file that the router flags stand for, and stop")
	o.access.register(f)
	o.router.register(f)
	c.RegisterFlagCompletionFunc("iface", a.completeInterfaces)
	c.RegisterFlagCompletionFunc("attach", cobra.FixedCompletions(attachModes, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runDaemon(ctx context.Context, a *app, o runOptions) error {
	log, err := newLogger(a, o)
	if err != nil {
		return err
	}
	if !slices.Contains(attachModes, o.attach) {
		return usagef("--attach %s: choose one of %s", o.attach, strings.Join(attachModes, ", "))
	}
	if err := o.consistent(); err != nil {
		return err
	}
	access, err := o.access.access()
	if err != nil {
		return err
	}
	if o.printConfig {
		return printConfig(a, o)
	}
	conf, path, kept, err := configure(a, o, log)
	if err != nil {
		return err
	}
	if conf != nil {
		if err := a.settle(conf.Global); err != nil {
			return err
		}
		a.inOwnDir(conf.Global)
	}
	if err := requireCapabilities(a.capabilities); err != nil {
		return err
	}
	s := service{log: log, supervisor: newSupervisor(a.getenv, log),
		ready: func(context.Context, control.Handle) error { a.collectAt(collectorRunning); return nil }}
	options := a.daemonOptions(conf, path, o.ifaces, loader.Mode(o.attach), log)
	options.State, options.Kept, options.Access = kept.file, kept.overrides, access
	if options.Listen, options.Metrics, err = o.served(conf); err != nil {
		return err
	}
	return s.run(ctx, a.daemon, options)
}

// served is what is served over plain HTTP: as the flags say, else as the configuration does.
func (o *runOptions) served(c *config.Config) (at netip.AddrPort, m metrics.Options, err error) {
	if c != nil {
		at, m.Keepalived = c.Global.Listen, c.Global.MetricsKeepalived
	}
	if o.listen != "" {
		if at, err = config.ParseListen(o.listen); err != nil {
			return at, m, usagef("--listen %s: %w", o.listen, err)
		}
	}
	if o.metricsKeepalived && !at.IsValid() {
		return at, m, usagef("--metrics-keepalived is about what --listen serves: give --listen, too")
	}
	m.Keepalived = m.Keepalived || o.metricsKeepalived
	return at, m, nil
}

// How much garbage there may be before the collector runs, in percent of what is kept. What is kept for good is made while the
// daemon starts, and lies the closer together the less garbage is between. Later, garbage is made when there is something
// better to do than to collect it, and is given back afterwards.
const (
	collectorStarting = 20
	collectorRunning  = 100
)

// collectAt has the collector run at so much garbage, unless the operator says when.
func (a *app) collectAt(percent int) {
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// daemonOptions is what a daemon is started with. A configuration that is in no file is not read again.
func (a *app) daemonOptions(c *config.Config, path string, ifaces []string, attach loader.Mode, log *slog.Logger) control.Options {
	// The reader of the kernel's ring and the timer must never wait for a processor that the loop or an
	// address worker holds, even on a machine with one.
	runtime.GOMAXPROCS(max(3, runtime.GOMAXPROCS(0)))
	a.collectAt(collectorStarting)
	o := control.Options{Config: c, ConfigPath: path, Ifaces: ifaces, Attach: attach,
		RuntimeDir: a.runtimeDir, Version: thisBuild().Version, Log: log,
		Keepalived: func(c *config.Config, s api.Snapshot) []byte { return newDump(c, s, nil).json() }}
	if path != "" {
		o.Load = func(overrides []config.Override) (*config.Config, []config.Problem) {
			return a.load(path, overrides...)
		}
	}
	return o
}

// consistent refuses flags that exclude each other.
func (o *runOptions) consistent() error {
	switch {
	case o.router.given == "":
		if o.printConfig {
			return usagef("--print-config shows the file that router flags stand for: give --vrid and --vip")
		}
		return nil
	case o.config != "":
		return usagef("--%s describes a router of its own: leave out --config, or put the router in the file", o.router.given)
	case len(o.ifaces) != 1:
		return usagef("a router described by flags needs exactly one --iface")
	}
	return o.router.complete()
}

func printConfig(a *app, o runOptions) error {
	text := o.router.text(o.ifaces[0])
	if _, err := fmt.Fprint(a.stdout, text); err != nil {
		return err
	}
	c, problems := a.loadText(text)
	return o.router.rejected(a, c, problems)
}

// configure finds what to run: the router of the flags, or the routers of a file and what was kept on top of it. A
// nil Config is to observe.
func configure(a *app, o runOptions, log *slog.Logger) (c *config.Config, path string, k keptChanges, err error) {
	var problems []config.Problem
	if o.router.given != "" {
		c, problems = a.loadText(o.router.text(o.ifaces[0]))
		err = o.router.rejected(a, c, problems)
	} else {
		path, err = a.configFile(o.config)
		if errors.Is(err, errNoConfig) && len(o.ifaces) > 0 {
			log.Info("no configuration: observing only", "ifaces", o.ifaces)
			return nil, "", keptChanges{}, nil
		}
		if err != nil {
			return nil, "", keptChanges{}, err
		}
		if c, problems, k, err = a.loadKept(path, o); err == nil {
			err = rejected(a, c, problems)
		}
	}
	if err != nil {
		return nil, "", keptChanges{}, err
	}
	for _, p := range problems {
		logProblem(log, p)
	}
	return c, path, k, nil
}

func newLogger(a *app, o runOptions) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, usagef("--log-level %s: choose one of debug, info, warn, error", o.logLevel)
	}
	h := &slog.HandlerOptions{Level: level}
	text := slog.NewTextHandler(a.stderr, h)
	switch o.logFormat {
	case logAuto:
		if isJournal(a.stderr, a.getenv("JOURNAL_STREAM")) {
			return slog.New(&journalHandler{to: openJournal(journalSocket, text), least: level}), nil
		}
		return slog.New(text), nil
	case "text":
		return slog.New(text), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, h)), nil
	}
	return nil, usagef("--log-format %s: choose auto, text or json", o.logFormat)
}

// logProblem logs a finding in the configuration with its place and remedy.
func logProblem(log *slog.Logger, p config.Problem) {
	level := slog.LevelWarn
	switch p.Severity {
	case config.Error:
		level = slog.LevelError
	case config.Notice:
		level = slog.LevelInfo
	}
	args := []any{"place", p.Pos.String()}
	if p.Hint != "" {
		args = append(args, "hint", p.Hint)
	}
	log.Log(context.Background(), level, "configuration: "+p.Message, args...)
}
