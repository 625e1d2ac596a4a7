package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/config"
)

// checkSchema names the shape of checkReport.
const checkSchema = "xvrrp.check/v1"

// checkReport is what `xvrrp check -o json` prints.
type checkReport struct {
	Schema   string          `json:"schema"`
	File     string          `json:"file"`
	Routers  int             `json:"routers"`
	Errors   int             `json:"errors"`
	Warnings int             `json:"warnings"`
	Notices  int             `json:"notices"`
	Problems []problemReport `json:"problems"`
}

type problemReport struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"` // in bytes, from 1
	Width    int      `json:"width"`  // in bytes
	Severity string   `json:"severity"`
	Message  string   `json:"message"`
	Source   string   `json:"source"` // the line, with secrets masked
	Hint     string   `json:"hint,omitempty"`
	UsedFrom []string `json:"used_from,omitempty"` // the includes and definitions that brought the line in, innermost first
}

type checkOptions struct {
	file   string // empty: the one that run would take
	host   bool
	output string
}

func newCheck(a *app) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration: every problem with its place and remedy",
		Long: `Check reads a configuration as run would and lists everything that is wrong with it: errors, which
keep a router or the whole file from being used, warnings for what was repaired or is not carried out,
and notices. It needs no privilege and no interface, and touches nothing. Without FILE it takes the one
that run would take. It exits with 3 if there is an error, else with 0.

--host checks against this host as well, which is to run the file: that interfaces exist, and that
scripts are there, may be run and can be changed by nobody who should not. What it lacks is a warning.`,
		Example: `  xvrrp check
  xvrrp check --host /etc/keepalived/keepalived.conf
  xvrrp check -o json keepalived.conf | jq -r '.problems[].message'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.file = strings.Join(args, "")
			return check(a, o)
		},
	}
	outputFlag(c, &o.output, "text", "json")
	c.Flags().BoolVar(&o.host, "host", false, "check interfaces and scripts of this host, too")
	return c
}

func check(a *app, o checkOptions) error {
	path, err := a.configFile(o.file)
	if err != nil {
		return err
	}
	c, problems := a.load(path)
	if o.host {
		problems = append(problems, a.hostProblems(c)...)
	}
	r := reportCheck(path, c, problems)
	if o.output == "json" {
		err = writeJSON(a.stdout, r)
	} else {
		err = printCheck(a, problems, r)
	}
	if err == nil && r.Errors > 0 {
		return exitWith(exitRejected, errSilent)
	}
	return err
}

func printCheck(a *app, problems []config.Problem, r checkReport) error {
	if err := config.Print(a.stdout, problems); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %s, %s, %s, %s\n", r.File, counted(r.Routers, "router"),
		counted(r.Errors, "error"), counted(r.Warnings, "warning"), counted(r.Notices, "notice"))
	return err
}

func reportCheck(path string, c *config.Config, problems []config.Problem) checkReport {
	r := checkReport{Schema: checkSchema, File: path, Routers: len(c.Routers), Problems: []problemReport{}}
	for _, p := range problems {
		switch p.Severity {
		case config.Error:
			r.Errors++
		case config.Warning:
			r.Warnings++
		default:
			r.Notices++
		}
		out := problemReport{
			File: p.Pos.File, Line: int(p.Pos.Line), Column: int(p.Pos.Column), Width: p.Width,
			Severity: p.Severity.String(), Message: p.Message, Source: p.Source, Hint: p.Hint,
		}
		for _, v := range p.Via {
			out.UsedFrom = append(out.UsedFrom, v.String())
		}
		r.Problems = append(r.Problems, out)
	}
	return r
}
