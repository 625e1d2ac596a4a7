package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// outputFlag adds -o to a command. text is the name of its form for people, which is the default.
func outputFlag(c *cobra.Command, to *string, forms ...string) {
	c.Flags().StringVarP(to, "output", "o", forms[0], "`FORM` of output: "+strings.Join(forms, ", "))
	c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	refuse := c.PreRunE
	c.PreRunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(forms, *to) {
			return usagef("--output %s: choose one of %s", *to, strings.Join(forms, ", "))
		}
		if refuse != nil {
			return refuse(cmd, args)
		}
		return nil
	}
}

// writeJSON prints one indented value.
func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// writeJSONLine prints one value on one line.
func writeJSONLine(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// table is aligned text: columns as wide as their widest cell, two blanks apart.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the rows; an empty cell shows as "-", save in the last column.
func (t *table) write(w io.Writer) error {
	var width []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell), 1)
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		for i, cell := range row {
			last := i == len(row)-1
			if cell == "" && !last {
				cell = "-"
			}
			b.WriteString(cell)
			if !last {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		trimmed := strings.TrimRight(b.String(), " ")
		b.Reset()
		if _, err := fmt.Fprintln(w, trimmed); err != nil {
			return err
		}
	}
	return nil
}

// Times are those of the reader's clock, whatever the daemon's is.
const (
	timeOfDay = "15:04:05.000000" // of what happened within seconds
	dayAndMs  = "2006-01-02 15:04:05.000"
)

// moment writes a point in time, as --since of xvrrp events takes it.
func moment(t time.Time) string { return t.Local().Format(time.DateTime) }

// age writes how long ago something was, in the two largest units that matter: 3d04h, 12m05s, 8s.
func age(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	days, hours := int(d/(24*time.Hour)), int(d/time.Hour)%24
	minutes, seconds := int(d/time.Minute)%60, int(d/time.Second)%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%02dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh%02dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%02ds", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}

// seconds writes a number of seconds from JSON as a duration, to the microsecond.
func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Microsecond).String()
}
