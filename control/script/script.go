// Package script runs commands: as whom, how long, and what became of them.
//
// Prepare turns what the configuration says into a Command: it finds the file, the user and the group and judges
// whether the command may be run. Run runs it in a process group of its own, bounded in time whatever the command
// does. The package keeps no state besides, starts no goroutine that outlives Run except to collect a process that
// the kernel does not let die, and opens no pipe to its children, so that none of them can make it wait.
package script

import (
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
)

// Spec is a command as the configuration gives it.
type Spec struct {
	Argv        []string
	User, Group string // empty: the Policy's
}

// Policy holds what global_defs says about all scripts.
type Policy struct {
	User, Group   string // script_user; empty: keepalived_script if there is such a user, else root
	Secure        bool   // enable_script_security: refuse what others than root can change and root would run
	Symlinks      bool   // use_symlink_paths: run the path as given, not what it resolves to
	Supplementary bool   // set_supplementary_groups
}

// Command is a command that can be run: its path is resolved, its user known.
type Command struct {
	path       string              // of the file that is executed
	argv       []string            // argv[0] is as configured: programs may look at it
	credential *syscall.Credential // nil: ours
	stuck      *atomic.Int64       // process that outlived SIGKILL, 0: none; one for all copies made by With
}

// With is the command with further arguments.
func (c *Command) With(args ...string) *Command {
	more := *c
	more.argv = slices.Concat(c.argv, args)
	return &more
}

// String is the command line, for messages.
func (c *Command) String() string { return strings.Join(c.argv, " ") }
