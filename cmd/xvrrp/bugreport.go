package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

// bugreportSchema names the shape of reportHead.
const bugreportSchema = "xvrrp.bugreport/v1"

// reportHead is the first file of a report.
type reportHead struct {
	Schema  string    `json:"schema"`
	Time    time.Time `json:"time"`
	Build   build     `json:"build"`
	Kernel  string    `json:"kernel"`
	System  string    `json:"system"` // of /etc/os-release
	Arch    string    `json:"architecture"`
	Missing []string  `json:"missing"` // what should be in the report and is not, and why
}

// mostInFull is how many routers are reported in full; the status has them all.
const mostInFull = 100

func newBugreport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "bugreport [FILE]",
		Short: "Write what others need to find a fault into an archive, without secrets",
		Long: fmt.Sprintf(`Bugreport writes an archive (tar.gz, readable by its owner alone) of what there is to know about this host's
routers: version and kernel, what doctor finds, and of a running daemon its status, events, drops, the segments it
hears, its configuration, up to %d routers in full with the stories of their last changes, and the last lines of its
journal. Without a daemon it has the configuration that run would take.

Passwords and keys are masked, also in the adverts of stories and in the journal. Addresses, names and the command
lines of scripts are not: look through the archive before you hand it on.

FILE is not overwritten; without it the archive lies in the current directory.`, mostInFull),
		Example: `  xvrrp bugreport
  xvrrp bugreport /tmp/gw1.tar.gz && tar -tzf /tmp/gw1.tar.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			now := time.Now()
			path := "xvrrp-bugreport-" + now.UTC().Format("20060102T150405Z") + ".tar.gz"
			if len(args) == 1 {
				path = args[0]
			}
			return bugreport(cmd.Context(), a, path, now)
		},
	}
}

// bugreport writes the archive; one that cannot be finished is removed.
func bugreport(ctx context.Context, a *app, path string, now time.Time) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create the report: %w", err)
	}
	w := newArchive(file, strings.TrimSuffix(filepath.Base(path), ".tar.gz"), now)
	r := reporting{app: a, out: w, head: reportHead{Schema: bugreportSchema, Time: now, Build: thisBuild(), Arch: runtime.GOARCH, Missing: []string{}}}
	err = r.write(ctx)
	if closing := w.close(); err == nil {
		err = closing
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(path) // it is the error before that matters
		return fmt.Errorf("write the report: %w", err)
	}
	for _, m := range r.head.Missing {
		fmt.Fprintf(a.stderr, "xvrrp: not in the report: %s\n", m)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: secrets are masked, addresses and names are not\n", path)
	return err
}

// reporting is a report being written. What cannot be had is listed as missing and does not end it.
type reporting struct {
	*app
	out     *archive
	head    reportHead
	secrets []string // of the configuration, to be masked in texts of others
}

func (r *reporting) write(ctx context.Context) error {
	if err := r.configuration(ctx); err != nil {
		return err
	}
	if err := r.diagnosis(ctx); err != nil {
		return err
	}
	if err := r.daemonState(ctx); err != nil {
		return err
	}
	if err := r.journal(ctx); err != nil {
		return err
	}
	r.head.Kernel = strings.TrimSpace(r.text("proc/sys/kernel/osrelease") + " " + r.text("proc/sys/kernel/version"))
	r.head.System = r.text("etc/os-release")
	return r.json("about.json", r.head)
}

// text is a file's, empty if it cannot be read.
func (r *reporting) text(path string) string {
	b, err := fs.ReadFile(r.root, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (r *reporting) miss(what string, err error) {
	r.head.Missing = append(r.head.Missing, fmt.Sprintf("%s: %v", what, err))
}

// json writes a value as a file of its own.
func (r *reporting) json(name string, v any) error {
	var b bytes.Buffer
	if err := writeJSON(&b, v); err != nil {
		return err
	}
	return r.out.add(name, b.Bytes())
}

// have writes a value that was asked for, or lists it as missing.
func (r *reporting) have(name string, v any, err error) error {
	if err != nil {
		r.miss(name, err)
		return nil
	}
	return r.json(name, v)
}

// configuration is the one in force, else that of the file, and what run would say of the file.
func (r *reporting) configuration(ctx context.Context) error {
	path, c, problems, err := r.examined(ctx, "")
	if err != nil {
		r.miss("configuration", err)
		return nil
	}
	r.secrets = secretsOf(c)
	text, err := r.client().ConfigText(ctx)
	if err != nil {
		var names []string
		for i := range c.Routers {
			names = append(names, c.Routers[i].Name)
		}
		text = c.MaskedText(names)
	}
	if path != "" {
		if err := r.json("check.json", reportCheck(path, c, problems)); err != nil {
			return err
		}
	}
	if text == "" {
		r.miss("xvrrp.conf", errNoConfig)
		return nil
	}
	return r.out.add("xvrrp.conf", []byte(text))
}

// secretsOf are the passwords and keys of a configuration.
func secretsOf(c *config.Config) (found []string) {
	add := func(secret []byte) {
		if s := string(bytes.TrimRight(secret, "\x00")); s != "" && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	for i := range c.Routers {
		router := &c.Routers[i]
		add(router.Auth.Data[:])
		if router.HMAC != nil {
			for _, key := range router.HMAC.Keys {
				add(key)
				add([]byte(hex.EncodeToString(key)))
			}
		}
	}
	add([]byte(c.Global.Mail.Password))
	return found
}

func (r *reporting) diagnosis(ctx context.Context) error {
	found, err := r.diagnose(ctx, doctorOptions{})
	return r.have("doctor.json", found, err)
}

// daemonState is everything the daemon tells.
func (r *reporting) daemonState(ctx context.Context) error {
	s, err := r.client().Status(ctx)
	if err := r.have("status.json", s, err); err != nil || s.PID == 0 {
		return err
	}
	segments, err := r.client().Segments(ctx)
	if err := r.have("segments.json", segments, err); err != nil {
		return err
	}
	conflicts, err := r.client().Conflicts(ctx, "", nil)
	if err := r.have("conflicts.json", conflicts, err); err != nil {
		return err
	}
	if err := r.events(ctx); err != nil {
		return err
	}
	if len(s.Routers) > mostInFull {
		r.miss("routers in full", fmt.Errorf("the first %d of %d are there", mostInFull, len(s.Routers)))
	}
	for i := range s.Routers[:min(len(s.Routers), mostInFull)] {
		if err := r.router(ctx, i, s.Routers[i].Name); err != nil {
			return err
		}
	}
	return nil
}

func (r *reporting) events(ctx context.Context) error {
	var b bytes.Buffer
	for e, err := range r.client().Events(ctx, 0, false) {
		if err != nil {
			r.miss("events.jsonl", err)
			break
		}
		if err := json.NewEncoder(&b).Encode(e); err != nil {
			return err
		}
	}
	return r.out.add("events.jsonl", b.Bytes())
}

// router is one in full. Names need not be fit for files, numbers are.
func (r *reporting) router(ctx context.Context, n int, name string) error {
	d, err := r.client().Detail(ctx, name)
	if err := r.have(fmt.Sprintf("routers/%03d.json", n), d, err); err != nil {
		return err
	}
	s, err := r.client().Stories(ctx, name, true)
	if errors.Is(err, fs.ErrPermission) { // who may only look is shown no bytes
		s, err = r.client().Stories(ctx, name, false)
	}
	for i := range s.Stories {
		for k := range s.Stories[i].Adverts {
			hidePassword(&s.Stories[i].Adverts[k])
		}
	}
	return r.have(fmt.Sprintf("stories/%03d.json", n), s, err)
}

// hidePassword blanks the authentication data of version 2, the last eight bytes of a message (RFC 3768 5.2).
func hidePassword(a *api.RawAdvert) {
	const data = 8
	if a.Version == 2 && len(a.Message) >= data {
		clear(a.Message[len(a.Message)-data:])
	}
}

// journalLines is how many of the unit's last lines are reported.
const journalLines = "2000"

func (r *reporting) journal(ctx context.Context) error {
	text, err := r.listing(ctx, "journalctl", "--unit", "xvrrp", "--unit", "keepalived", "--lines", journalLines, "--no-pager", "--output", "short-iso-precise")
	if err != nil {
		r.miss("journal.txt", err)
		return nil
	}
	for _, s := range r.secrets {
		text = bytes.ReplaceAll(text, []byte(s), []byte("********"))
	}
	return r.out.add("journal.txt", text)
}
