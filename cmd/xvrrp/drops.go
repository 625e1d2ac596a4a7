package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
)

// dropsSchema names the shape of dropsReport.
const dropsSchema = "xvrrp.drops/v1"

// dropsReport is what `xvrrp drops -o json` prints.
type dropsReport struct {
	Schema string     `json:"schema"`
	Drops  []api.Drop `json:"drops"`
}

func newDrops(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "drops",
		Short: "Show which adverts were not taken: why, from whom, how many",
		Long: `Drops counts the adverts that did not count, by verdict. DROP means discarded in the kernel as
bogus; PASS means not ours and handed on untouched. FROM and WHY tell of the last one sampled.
The verdicts are explained in docs/verdicts.md.`,
		Example: `  xvrrp drops
  xvrrp drops -o json | jq '.drops[] | select(.action == "drop")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return drops(cmd.Context(), a, output) },
	}
	outputFlag(c, &output, "table", "json")
	return c
}

func drops(ctx context.Context, a *app, output string) error {
	s, err := a.client().Status(ctx)
	if err != nil {
		return err
	}
	if output == "json" {
		return writeJSON(a.stdout, dropsReport{dropsSchema, s.Drops})
	}
	return printDrops(a.stdout, s)
}

func printDrops(w io.Writer, s api.Snapshot) error {
	if len(s.Drops) == 0 {
		_, err := fmt.Fprintln(w, "no advert was dropped or passed by")
		return err
	}
	var t table
	t.add("ACTION", "VERDICT", "IFACE", "ROUTER", "FRAMES", "LAST", "FROM", "MAC", "WHY")
	for _, d := range s.Drops {
		last := ""
		if d.Last != nil {
			last = age(s.Now.Sub(*d.Last))
		}
		t.add(strings.ToUpper(d.Action), d.Verdict, d.Interface, d.Router, fmt.Sprint(d.Frames), last, d.Source, d.MAC, why(d))
	}
	return t.write(w)
}

// why is the sampled frame's own story, else what the verdict means.
func why(d api.Drop) string {
	if d.Detail != "" {
		return d.Detail
	}
	return d.Meaning
}
