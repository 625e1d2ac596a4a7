package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the build of a release: -ldflags "-X main.version=1.2.3".
var version string

// versionSchema names the shape of build.
const versionSchema = "xvrrp.version/v1"

// build says what this binary is.
type build struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Go       string `json:"go"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // built from a tree with changes that are not in Commit
}

func newVersion(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return printVersion(a, thisBuild(), output) },
	}
	outputFlag(c, &output, "text", "json")
	return c
}

func printVersion(a *app, b build, output string) error {
	if output == "json" {
		return writeJSON(a.stdout, b)
	}
	commit := b.Commit
	if b.Modified {
		commit += " with changes"
	}
	_, err := fmt.Fprintf(a.stdout, "xvrrp %s (%s, commit %s)\n", b.Version, b.Go, commit)
	return err
}

// thisBuild reads what the linker and the toolchain recorded.
func thisBuild() build {
	b := build{Schema: versionSchema, Version: version, Go: runtime.Version(), Commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
