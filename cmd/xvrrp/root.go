package main

//go:generate go test -run ^TestManPages$ . -update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control"
	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/doctor"
	"github.com/xvrrp/xvrrp/control/script"
	"github.com/xvrrp/xvrrp/loader"
)

// The exit codes. They are part of the interface: scripts branch on them.
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitRejected   = 3 // the configuration
	exitPrivilege  = 4 // or a feature the kernel lacks
	exitNoDaemon   = 5
	exitNotReached = 6 // the condition of --wait, or that there be no conflict, or no finding
)

const exitCodeHelp = `Exit codes: 0 fine, 1 failed, 2 usage, 3 configuration rejected, 4 privilege or kernel
feature missing, 5 no daemon running, 6 condition not met.`

const defaultRuntimeDir = "/run/xvrrp"

// env is everything a command takes from the process it runs in.
type env struct {
	program        string   // the name this process was started by, without its directory
	args           []string // without the name of the program
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	root           fs.FS                                              // the file system from /, for configuration files
	meaning        config.Options                                     // what a file means on this host
	openFilter     func() (filter, error)                             // for explain
	daemon         func(ctx context.Context, o control.Options) error // for run
	capabilities   func() (uint64, error)                             // effective ones, a bit each
	umask          func(mask int)
	enterNamespace func(name string) error // does not return when it works
	detach         func() (int, error)     // starts this command line in the background
	leaveStarter   func() error            // in the background, when all is well
	hasLink        func(name string) bool
	prepare        func(script.Spec, script.Policy) (*script.Command, string, error)
	listing        func(ctx context.Context, tool string, args ...string) ([]byte, error) // what a program of this host writes
	survey         func(ctx context.Context, to *doctor.Facts) error                      // what of this host is in no file, for doctor
}

func processEnv() env {
	keepTold()
	return env{
		program:      filepath.Base(os.Args[0]),
		args:         os.Args[1:],
		stdin:        os.Stdin,
		stdout:       outputTo(os.Stdout),
		stderr:       outputTo(os.Stderr),
		getenv:       environment(),
		root:         os.DirFS("/"),
		meaning:      thisHost(),
		openFilter:   openFilter,
		daemon:       control.Run,
		capabilities: effectiveCapabilities,

		umask:          func(mask int) { syscall.Umask(mask) },
		enterNamespace: startInNamespace,
		detach:         startDetached,
		leaveStarter:   leaveStarter,
		hasLink:        func(name string) bool { _, err := net.InterfaceByName(name); return err == nil },
		prepare:        script.Prepare,
		listing:        listing,
		survey:         thisKernel,
	}
}

// app is what all commands share: the environment and the flags of the root.
type app struct {
	env
	runtimeDir string
}

func (a *app) client() *api.Client { return api.NewClient(a.runtimeDir) }

// exitError is an error that asks for an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// exitWith gives an error its exit code.
func exitWith(code int, err error) error { return &exitError{code, err} }

// usagef is a mistake in the command line.
func usagef(format string, args ...any) error {
	return exitWith(exitUsage, fmt.Errorf(format, args...))
}

// errSilent fails a command that has said everything already.
var errSilent = errors.New("already reported")

// run carries out one command line and returns the exit code.
func run(ctx context.Context, e env) int {
	if e.program == keepalivedName {
		return runKeepalived(ctx, e)
	}
	a := &app{env: e}
	root := newRoot(a)
	accepted := false // by cobra: what fails before is a mistake in the command line
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		err := c.ValidateFlagGroups() // which cobra does too late
		accepted = err == nil
		return err
	}
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !accepted {
		err = exitWith(exitUsage, err)
	}
	code := exitCode(err)
	if !errors.Is(err, errSilent) {
		fmt.Fprintf(e.stderr, "xvrrp: %v\n", err)
	}
	if code == exitUsage {
		fmt.Fprintf(e.stderr, "see %s --help\n", cmd.CommandPath())
	}
	return code
}

func exitCode(err error) int {
	var coded *exitError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, api.ErrNoDaemon), errors.Is(err, api.ErrEnded):
		return exitNoDaemon
	case errors.Is(err, loader.ErrPrivilege), errors.Is(err, loader.ErrKernel), errors.Is(err, fs.ErrPermission),
		errors.Is(err, errors.ErrUnsupported):
		return exitPrivilege
	case errors.Is(err, control.ErrNothingToDo):
		return exitRejected
	}
	return exitFailed
}

func newRoot(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "xvrrp",
		Short: "VRRP for Linux: keepalived's configuration, judged and timed by XDP",
		Long: `Xvrrp keeps virtual IP addresses alive on a group of hosts (VRRP versions 2 and 3). It reads
keepalived.conf, filters and time-stamps adverts in the kernel and says why it did what it did.
Under the name keepalived it takes keepalived's own options; see keepalived --help.

` + exitCodeHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetArgs(a.args)
	c.SetOut(a.stdout)
	c.SetErr(a.stderr)
	c.PersistentFlags().StringVar(&a.runtimeDir, "runtime-dir", runtimeDir(a.getenv),
		"`DIR` of the daemon's socket, one per daemon (or XVRRP_RUNTIME_DIR)")
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Run:", []*cobra.Command{
			newRun(a),
			newCheck(a),
			newConfig(a),
			newReload(a),
		}},
		{"Look:", []*cobra.Command{
			newStatus(a),
			newShow(a),
			newWhy(a),
			newEvents(a),
			newTop(a),
			newStats(a),
			newDrops(a),
			newConflict(a),
			newScan(a),
			newSniff(a),
		}},
		{"Change:", []*cobra.Command{
			newRouter(a),
			newPriority(a),
			newFailover(a),
			newMaintenance(a),
			newGARP(a),
		}},
		{"Learn:", []*cobra.Command{
			newDoctor(a),
			newBugreport(a),
			newExplain(a),
			newDemo(a),
		}},
	} {
		c.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, sub := range g.commands {
			sub.GroupID = g.title
			c.AddCommand(sub)
			if sub.HasSubCommands() && !sub.Runnable() {
				needsCommand(sub)
			}
		}
	}
	c.AddCommand(newVersion(a))
	return c
}

// needsCommand has a command that only holds others refuse a word that is none of them, which cobra answers with help
// and success.
func needsCommand(c *cobra.Command) {
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
}

// runtimeDir is the runtime directory of a command line that names none.
func runtimeDir(getenv func(string) string) string {
	if dir := getenv("XVRRP_RUNTIME_DIR"); dir != "" {
		return dir
	}
	return defaultRuntimeDir
}
