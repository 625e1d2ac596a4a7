// Called as keepalived, xvrrp is keepalived to whoever starts, signals and asks it: the same command line, exit
// codes, pid files, signals and dump files (keepalived(8)). What belongs to LVS it refuses.

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/loader"
)

// keepalivedName is the name under which this program is keepalived.
const keepalivedName = "keepalived"

const keepalivedConfig = "/etc/keepalived/keepalived.conf"

// keepalivedVersion is the version whose interface this is. Programs read it from keepalived -v.
const keepalivedVersion = "2.2.7"

// The exit codes of keepalived's daemon beside 0.
const (
	keepalivedFatal      = 1
	keepalivedRejected   = 2 // the configuration
	keepalivedPermission = 4
	keepalivedNoConfig   = 6
)

// errNoFile says that the configuration file does not exist.
var errNoFile = errors.New("config files missing")

// keepalivedSignals are the signals the daemon takes, under the names of --signum. The last two are SIGRTMIN+2 and
// SIGRTMAX-1 as the C library counts.
var keepalivedSignals = []struct {
	name   string
	signal syscall.Signal
}{
	{"STOP", syscall.SIGTERM},
	{"RELOAD", syscall.SIGHUP},
	{"DATA", syscall.SIGUSR1},
	{"STATS", syscall.SIGUSR2},
	{"STATS_CLEAR", signalClear},
	{"JSON", signalJSON},
}

const (
	signalJSON  syscall.Signal = 36
	signalClear syscall.Signal = 63
)

// runKeepalived carries out one command line of keepalived and returns the exit code.
func runKeepalived(ctx context.Context, e env) int {
	a := &app{env: e, runtimeDir: runtimeDir(e.getenv)}
	k, refused := parseKeepalived(e.args)
	for _, line := range slices.Concat(refused, k.notes) {
		fmt.Fprintln(e.stderr, line)
	}
	switch {
	case k.version:
		a.printKeepalivedVersion()
		return exitOK
	case k.help:
		printKeepalivedHelp(e.stderr)
		return exitOK
	case k.signum != "":
		return a.printSignal(k.signum)
	case len(refused) > 0:
		return keepalivedFatal
	case k.genhash, k.check && !k.vrrp:
		fmt.Fprintln(e.stderr, "xvrrp does VRRP alone: run keepalived's own program for health checking and LVS (-C, -T)")
		return keepalivedFatal
	}
	if len(k.rest) > 0 {
		fmt.Fprintf(e.stderr, "Unexpected argument(s): %s\n", strings.Join(k.rest, " "))
	}
	if k.configID != "" {
		a.meaning.ID = k.configID
	}
	if abs, err := filepath.Abs(k.file); err == nil {
		k.file = abs // it is read again at a reload, from another directory
	}
	if k.test {
		return a.testConfig(k)
	}
	return a.keepalived(ctx, k)
}

func (a *app) printKeepalivedVersion() {
	b := thisBuild()
	fmt.Fprintf(a.stderr, "Keepalived v%s (xvrrp %s)\n\n", keepalivedVersion, b.Version)
	fmt.Fprintf(a.stderr, "This is xvrrp %s (%s, commit %s), which takes the place of keepalived's VRRP side.\n\n", b.Version, b.Go, b.Commit)
	fmt.Fprintln(a.stderr, "Config options:  VRRP VRRP_AUTH VRRP_VMAC JSON BFD")
}

func (a *app) printSignal(name string) int {
	for _, s := range keepalivedSignals {
		if s.name == name {
			fmt.Fprintln(a.stdout, int(s.signal))
			return exitOK
		}
	}
	fmt.Fprintf(a.stderr, "Unknown sigfunc %s\n", name)
	return keepalivedFatal
}

// keepalived runs the daemon, in the background unless -n says otherwise, and returns keepalived's exit code.
func (a *app) keepalived(ctx context.Context, k keepalivedFlags) int {
	background := a.getenv(detachMark) != ""
	if !k.foreground && !background {
		code, err := a.detach()
		if err != nil {
			fmt.Fprintf(a.stderr, "keepalived: %v\n", err)
		}
		return code
	}
	err := a.runAsKeepalived(ctx, k, background)
	if err != nil && !errors.Is(err, errSilent) {
		fmt.Fprintf(a.stderr, "keepalived: %v\n", err)
	}
	return keepalivedCode(err)
}

func keepalivedCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNoFile):
		return keepalivedNoConfig
	}
	switch exitCode(err) {
	case exitRejected:
		return keepalivedRejected
	case exitPrivilege:
		return keepalivedPermission
	}
	return keepalivedFatal
}

// runAsKeepalived is the daemon. Its errors go to the log as well: the terminal may have been left.
func (a *app) runAsKeepalived(ctx context.Context, k keepalivedFlags, background bool) error {
	if _, err := fs.Stat(a.root, below(k.file)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: '%s'", errNoFile, k.file)
	}
	conf, problems := a.loadAs(k)
	if err := a.settle(conf.Global); err != nil {
		return err
	}
	log, sinks, err := openKeepalivedLog(k, syslogIdent(conf.Global), a.stderr)
	if err != nil {
		return err
	}
	defer sinks.Close()
	banner := fmt.Sprintf("Keepalived v%s (xvrrp %s)", keepalivedVersion, thisBuild().Version)
	log.Info("Starting " + banner)
	log.Info("Configuration file " + k.file)
	if len(k.inert) > 0 {
		log.Info("options without effect: " + strings.Join(k.inert, " "))
	}
	if k.keepVIPs {
		log.Warn("--dont-release-vrrp is not carried out: virtual addresses are removed on stop")
	}
	for _, p := range problems {
		logProblem(log, p)
	}
	if err = rejected(a, conf, problems); err == nil {
		err = a.serveKeepalived(ctx, k, conf, log, background)
	}
	if err != nil {
		log.Error(err.Error())
	}
	log.Info("Stopped " + banner)
	return err
}

// loadAs reads the configuration under the flags that override it.
func (a *app) loadAs(k keepalivedFlags, overrides ...config.Override) (*config.Config, []config.Problem) {
	c, problems := a.load(k.file, overrides...)
	if k.namespace != "" {
		c.Global.NetNamespace = k.namespace
	}
	if k.umask >= 0 {
		c.Global.UMask = k.umask
	}
	return c, problems
}

// syslogIdent is the name of keepalived's VRRP process in syslog.
func syslogIdent(g config.Global) string {
	ident := "Keepalived_vrrp"
	for _, part := range []string{g.NetNamespace, g.Instance} {
		if part != "" {
			ident += "_" + part
		}
	}
	return ident
}

func (a *app) serveKeepalived(ctx context.Context, k keepalivedFlags, conf *config.Config, log *slog.Logger, background bool) (err error) {
	a.inOwnDir(conf.Global)
	if err := requireCapabilities(a.capabilities); err != nil {
		return err
	}
	pids := pidPaths(k, conf.Global)
	if err := pids.write(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pids.remove()) }()

	d := dumper{log: log}
	s := service{
		log:        log,
		supervisor: newSupervisor(a.getenv, log),
		actions: map[os.Signal]func(context.Context, control.Handle){
			syscall.SIGUSR1: d.data, syscall.SIGUSR2: d.stats, signalJSON: d.json, signalClear: d.statsAndClear,
		},
		ready: func(ctx context.Context, h control.Handle) error {
			a.collectAt(collectorRunning)
			log.Info("Startup complete")
			if k.dump {
				d.logData(ctx, h)
			}
			if background {
				return a.leaveStarter()
			}
			return nil
		},
	}
	o := a.daemonOptions(conf, k.file, nil, loader.Auto, log)
	o.Listen, o.Metrics.Keepalived = conf.Global.Listen, conf.Global.MetricsKeepalived
	o.Load = func(overrides []config.Override) (*config.Config, []config.Problem) { return a.loadAs(k, overrides...) }
	return s.run(ctx, a.daemon, o)
}
