package script

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tree makes a directory that nobody but root can write to, up to the temporary one, with the files of a case in it.
func tree(t *testing.T, build func(dir string)) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build(dir)
	return dir
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	nobody = 65534
	me     = "0"
)

func TestPrepare(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: gives files and processes to other users")
	}
	plain := func(t *testing.T, dir string) { write(t, dir+"/check", 0o755) }
	tests := map[string]struct {
		build   func(t *testing.T, dir string)
		argv    string // here and below %s stands for the directory
		user    string
		group   string
		policy  Policy
		path    string // of what is run; empty: argv, unless that is to be looked up
		warning string // contained
		err     string // contained
	}{
		"plain":            {build: plain, argv: "%s/check", user: me},
		"dots and slashes": {build: func(t *testing.T, dir string) { plain(t, dir); must(t, os.Mkdir(dir+"/x", 0o755)) }, argv: "%s/.///x/../check", user: me, path: "%s/check"},
		"missing":          {build: plain, argv: "%s/chekc", user: me, err: "script %s/chekc cannot be accessed: lstat %s/chekc: no such file or directory"},
		"directory":        {build: plain, argv: "%s", user: me, err: "is not a regular file"},
		"below a file":     {build: plain, argv: "%s/check/it", user: me, err: "script %s/check/it cannot be accessed: %s/check is not a directory"},
		"not executable":   {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o644) }, argv: "%s/check", user: me, err: "user root may not execute it: %s/check has mode -rw-r--r--"},
		"not for others":   {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o750) }, argv: "%s/check", user: "nobody", err: "user nobody may not execute it: %s/check has mode -rwxr-x---"},
		"for its owner": {build: func(t *testing.T, dir string) {
			write(t, dir+"/check", 0o700)
			must(t, os.Chown(dir+"/check", nobody, 0))
		}, argv: "%s/check", user: "nobody"},
		"not for its owner": {build: func(t *testing.T, dir string) {
			write(t, dir+"/check", 0o077)
			must(t, os.Chown(dir+"/check", nobody, 0))
		}, argv: "%s/check", user: "nobody", err: "user nobody may not execute it"},
		"for its group":    {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o750); must(t, os.Chown(dir+"/check", 0, 1)) }, argv: "%s/check", user: "nobody", group: "daemon"},
		"closed directory": {build: func(t *testing.T, dir string) { plain(t, dir); must(t, os.Chmod(dir, 0o700)) }, argv: "%s/check", user: "nobody", err: "user nobody may not execute it: %s has mode drwx------"},

		"unknown user":   {build: plain, argv: "%s/check", user: "xv-nosuch", err: "script %s/check: user xv-nosuch: "},
		"unknown group":  {build: plain, argv: "%s/check", user: "nobody", group: "xv-nosuch", err: "group xv-nosuch: "},
		"user by number": {build: plain, argv: "%s/check", user: strconv.Itoa(nobody)},
		"policy's user":  {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o750) }, argv: "%s/check", policy: Policy{User: "nobody"}, err: "user nobody may not execute it"},
		"own user, no group of the policy's": {build: func(t *testing.T, dir string) {
			write(t, dir+"/check", 0o710)
			must(t, os.Chown(dir+"/check", 0, 1))
		}, argv: "%s/check", user: "nobody", policy: Policy{User: "root", Group: "daemon"}, err: "user nobody may not execute it"},

		"link": {build: func(t *testing.T, dir string) {
			write(t, dir+"/real", 0o755)
			must(t, os.Symlink("real", dir+"/check"))
		}, argv: "%s/check", user: me, path: "%s/real"},
		"link kept": {build: func(t *testing.T, dir string) {
			write(t, dir+"/real", 0o755)
			must(t, os.Symlink("real", dir+"/check"))
		}, argv: "%s/check", user: me, policy: Policy{Symlinks: true}},
		"link upwards through a link": {build: func(t *testing.T, dir string) {
			must(t, os.MkdirAll(dir+"/a/b", 0o755))
			write(t, dir+"/a/real", 0o755)
			must(t, os.Symlink("a/b", dir+"/in"))
			must(t, os.Symlink("in/../real", dir+"/check"))
		}, argv: "%s/check", user: me, path: "%s/a/real"},
		"link to itself": {build: func(t *testing.T, dir string) { must(t, os.Symlink("check", dir+"/check")) }, argv: "%s/check", user: me, err: "more than 40 symbolic links"},

		"writable for everybody": {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o757) }, argv: "%s/check", user: me,
			warning: "script %s/check is run as root: %s/check is writable for everybody"},
		"writable for everybody, secure": {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o757) }, argv: "%s/check", user: me, policy: Policy{Secure: true},
			err: "script %s/check is not run as root: %s/check is writable for everybody"},
		"writable, but not run as root": {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o757) }, argv: "%s/check", user: "nobody", policy: Policy{Secure: true}},
		"writable, run as root's group": {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o757) }, argv: "%s/check", user: "nobody", group: "root", policy: Policy{Secure: true}, err: "is writable for everybody"},
		"writable, becomes root": {build: func(t *testing.T, dir string) {
			write(t, dir+"/check", 0o757|os.ModeSetuid)
		}, argv: "%s/check", user: "nobody", policy: Policy{Secure: true}, err: "is writable for everybody"},
		"another's file": {build: func(t *testing.T, dir string) { plain(t, dir); must(t, os.Chown(dir+"/check", nobody, 0)) }, argv: "%s/check", user: me, policy: Policy{Secure: true},
			err: "%s/check belongs to user 65534"},
		"another's directory": {build: func(t *testing.T, dir string) { plain(t, dir); must(t, os.Chown(dir, nobody, 0)) }, argv: "%s/check", user: me, policy: Policy{Secure: true},
			err: "%s belongs to user 65534"},
		"a group's file": {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o775); must(t, os.Chown(dir+"/check", 0, 1)) }, argv: "%s/check", user: me, policy: Policy{Secure: true}, err: "is writable for group 1"},
		"root's group":   {build: func(t *testing.T, dir string) { write(t, dir+"/check", 0o775) }, argv: "%s/check", user: me, policy: Policy{Secure: true}},
		"open directory": {build: func(t *testing.T, dir string) { plain(t, dir); must(t, os.Chmod(dir, 0o777)) }, argv: "%s/check", user: me, policy: Policy{Secure: true}, err: "%s is writable for everybody"},
		"sticky is safe": {build: func(t *testing.T, dir string) { plain(t, dir); must(t, os.Chmod(dir, 0o777|os.ModeSticky)) }, argv: "%s/check", user: me, policy: Policy{Secure: true}},
		"another's link in between": {build: func(t *testing.T, dir string) {
			write(t, dir+"/real", 0o755)
			must(t, os.Symlink("real", dir+"/middle"))
			must(t, os.Lchown(dir+"/middle", nobody, 0))
			must(t, os.Symlink("middle", dir+"/check"))
		}, argv: "%s/check", user: me, policy: Policy{Secure: true, Symlinks: true}, err: "%s/middle belongs to user 65534"},

		"secure without a user": {build: plain, argv: "%s/check", policy: Policy{Secure: true}, err: "enable_script_security wants a user for scripts"},
		"looked up":             {build: plain, argv: "sh", user: me},
		"not found":             {build: plain, argv: "xv-nosuch", user: me, err: "cannot find script xv-nosuch in PATH"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, func(dir string) { test.build(t, dir) })
			in := func(s string) string { return strings.ReplaceAll(s, "%s", dir) }
			c, warning, err := Prepare(Spec{Argv: []string{in(test.argv)}, User: test.user, Group: test.group}, test.policy)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), in(test.err)) {
					t.Fatalf("error %v, want %s", err, in(test.err))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := cmp.Or(test.path, test.argv)
			if want = in(want); strings.HasPrefix(want, "/") && c.path != want {
				t.Errorf("runs %s, want %s", c.path, want)
			}
			if test.warning == "" && warning != "" || !strings.Contains(warning, in(test.warning)) {
				t.Errorf("warning %q, want %q", warning, in(test.warning))
			}
			if r := c.Run(t.Context(), time.Minute); !r.OK() {
				t.Errorf("run: %v", r)
			}
		})
	}
}

// TestIdentity: a command runs as its user, with that user's groups only when asked to.
func TestIdentity(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: becomes other users")
	}
	tests := map[string]struct {
		spec   Spec
		policy Policy
		want   string // of: id -u; id -g; id -G
	}{
		"root":              {Spec{User: "root"}, Policy{}, "0 0"},
		"user":              {Spec{User: "nobody"}, Policy{}, "65534 65534 65534"},
		"user and group":    {Spec{User: "nobody", Group: "daemon"}, Policy{}, "65534 1 1"},
		"all their groups":  {Spec{User: "nobody"}, Policy{Supplementary: true}, "65534 65534 65534"},
		"the policy's user": {Spec{}, Policy{User: "daemon", Group: "nogroup"}, "1 65534 65534"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			script := `test "$(echo $(id -u; id -g; id -G))" = "$1" || test "$(echo $(id -u; id -g))" = "$1"`
			test.spec.Argv = []string{"/bin/sh", "-c", script, "sh", test.want}
			c, _, err := Prepare(test.spec, test.policy)
			if err != nil {
				t.Fatal(err)
			}
			if r := c.Run(t.Context(), time.Minute); !r.OK() {
				t.Errorf("does not run as %s: %v", test.want, r)
			}
		})
	}
}
