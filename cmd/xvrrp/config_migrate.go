package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/config"
)

func newConfigMigrate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate FILE",
		Short: "Make a keepalived.conf one for xvrrp",
		Long: `Migrate prints FILE, a keepalived.conf, as a file for xvrrp. xvrrp reads keepalived.conf as it is; migration
is for those who want a file that says what happens and no more. What xvrrp does not carry out becomes a
comment, with the reason before it, as does what has no effect anywhere; old names of keywords become the
present ones; and where xvrrp can do better a comment suggests how. Layout, comments and all else stay, and
the result means exactly what FILE means to xvrrp, which is checked for each change. Files that FILE includes
are left alone: migrate them by themselves.

What was done is told on standard error, with lines of FILE, and then what xvrrp check has to say of the
result. The exit code is 3 if that has an error.`,
		Example: `  xvrrp config migrate /etc/keepalived/keepalived.conf > /etc/xvrrp/xvrrp.conf
  xvrrp config migrate keepalived.conf | diff keepalived.conf -`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return migrate(a, args[0]) },
	}
}

func migrate(a *app, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	o := a.meaning
	o.Name, o.Env = path, a.getenv
	m, err := config.Migrate(a.root, below(abs), o)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if _, err := io.WriteString(a.stdout, m.Text); err != nil {
		return err
	}
	for _, s := range m.Steps {
		fmt.Fprintf(a.stderr, "%s:%d: %s\n", path, s.Line, s.What)
	}
	if len(m.Left) > 0 {
		fmt.Fprintln(a.stderr, "\nof the result:")
	}
	if err := config.Print(a.stderr, m.Left); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s, %s left\n", counted(len(m.Steps), "change"), counted(len(m.Left), "problem"))
	if config.Worst(m.Left) == config.Error {
		return exitWith(exitRejected, errSilent)
	}
	return nil
}
