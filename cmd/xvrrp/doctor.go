package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/config"
	"github.com/xvrrp/xvrrp/control/doctor"
)

type doctorOptions struct {
	iface, config string
	output        string
}

func newDoctor(a *app) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Examine this host: what keeps routers from working, and the remedy",
		Long: `Doctor looks at what routers on this host depend on and lists what is wrong with it: an error keeps a router
from working, a warning makes it work worse or fail later, a note is good to know. Each finding tells what was
seen, why it matters, and the command or line that mends it. Nothing is changed and nothing is sent.

It looks at the kernel (by loading the filter and letting go of it), privileges, the interfaces and who else has
a program on them, the virtual addresses, sysctls, the firewall, other VRRP daemons, network managers that delete
addresses, the clock where signatures depend on it, and the daemon itself if one runs. The routers are those of
the configuration that the daemon runs, else of the one that run would take.

Of a firewall it reads what nft and iptables-save list. Adverts that come in meet the filter before any firewall;
adverts that go out meet it if they are sent to unicast peers, and at nftables' egress hook.

It does best as root: who may not see the firewall or the namespaces of processes is told less. The exit code is 0
if there is nothing above a note, and 6 if there is.`,
		Example: `  xvrrp doctor
  xvrrp doctor --config /etc/keepalived/keepalived.conf --iface ens160
  xvrrp doctor -o json | jq -r '.findings[] | [.severity, .id, .remedy] | @tsv'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return examine(cmd.Context(), a, o) },
	}
	outputFlag(c, &o.output, "text", "json")
	c.Flags().StringVar(&o.iface, "iface", "", "look at this `INTERFACE` and its routers alone")
	c.Flags().StringVar(&o.config, "config", "", "configuration `FILE`")
	c.RegisterFlagCompletionFunc("iface", a.completeInterfaces)
	return c
}

func examine(ctx context.Context, a *app, o doctorOptions) error {
	r, err := a.diagnose(ctx, o)
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = writeJSON(a.stdout, r)
	} else {
		err = printDiagnosis(a.stdout, &r)
	}
	if err == nil && r.Count(doctor.Error)+r.Count(doctor.Warning) > 0 {
		return exitWith(exitNotReached, errSilent)
	}
	return err
}

// diagnose gathers what is known of this host, and judges it.
func (a *app) diagnose(ctx context.Context, o doctorOptions) (r doctor.Report, err error) {
	f := doctor.Facts{Root: a.root, Only: o.iface, Load: func(path string) (*config.Config, []config.Problem) { return a.load(path) }}
	f.File, f.Config, f.Problems, err = a.examined(ctx, o.config)
	if err != nil {
		return r, err
	}
	if err := a.settle(f.Config.Global); err != nil {
		return r, err
	}
	a.inOwnDir(f.Config.Global)
	if s, err := a.client().Status(ctx); err == nil {
		f.Daemon = &s
	}
	if err := a.survey(ctx, &f); err != nil {
		return r, err
	}
	if f.Capabilities, err = a.capabilities(); err != nil {
		return r, fmt.Errorf("read this process's capabilities: %w", err)
	}
	return doctor.Examine(f), nil
}

// examined is the configuration to be looked at: the one named, else the daemon's, else the one that run would take,
// else none.
func (a *app) examined(ctx context.Context, named string) (path string, c *config.Config, problems []config.Problem, err error) {
	s, asked := a.client().Status(ctx)
	switch {
	case named != "":
		path = named
	case asked == nil && s.Config == "":
		return a.inForce(ctx)
	case asked == nil:
		path = s.Config
	default:
		if path, err = a.configFile(""); err != nil {
			return "", new(config.Config), nil, nil
		}
	}
	c, problems = a.load(path)
	return path, c, problems, nil
}

// inForce is the configuration of a daemon that has none in a file: one that was started by flags, or observes.
func (a *app) inForce(ctx context.Context) (path string, c *config.Config, problems []config.Problem, err error) {
	text, err := a.client().ConfigText(ctx)
	if err != nil {
		return "", nil, nil, err
	}
	c, _ = a.loadText(text) // the daemon has checked it, and secrets are masked here
	if len(c.Routers) == 0 {
		return "", c, nil, nil
	}
	return flagsFile, c, nil, nil
}

func printDiagnosis(w io.Writer, r *doctor.Report) error {
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(w, "%-7s  %s\n", strings.ToUpper(string(f.Severity)), f.Seen)
		fmt.Fprintf(w, "         %s\n", f.Why)
		fmt.Fprintf(w, "         remedy: %s   [%s]\n\n", f.Remedy, f.ID)
	}
	fmt.Fprintln(w, "looked at:")
	var t table
	for i, l := range r.Looked {
		section := "  " + l.Section
		if i > 0 && l.Section == r.Looked[i-1].Section {
			section = " "
		}
		t.add(section, l.What)
	}
	if err := t.write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", diagnosisSummary(r))
	return err
}

func diagnosisSummary(r *doctor.Report) string {
	var words []string
	for _, s := range []doctor.Severity{doctor.Error, doctor.Warning, doctor.Note} {
		if n := r.Count(s); n > 0 {
			words = append(words, counted(n, string(s)))
		}
	}
	if len(words) == 0 {
		return "nothing found"
	}
	return strings.Join(words, ", ")
}
