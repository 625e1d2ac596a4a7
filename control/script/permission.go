package script

import (
	"fmt"
	"os"
	"syscall"
)

// mayRun says why the user cannot execute the file at the end of a way. Like keepalived it looks at modes, not at
// access control lists.
func (i identity) mayRun(w way) error {
	for _, e := range w {
		if e.info.Mode()&os.ModeSymlink == 0 && !i.mayEnter(e) {
			return fmt.Errorf("user %s may not execute it: %s has mode %v", i.name, e.path, e.info.Mode())
		}
	}
	return nil
}

// mayEnter reports whether the user has execute permission. Root needs it for somebody to run a file, and always has
// it for directories.
func (i identity) mayEnter(e element) bool {
	mode := e.info.Mode().Perm()
	owner := e.info.Sys().(*syscall.Stat_t)
	switch {
	case i.uid == 0:
		return e.info.IsDir() || mode&0o111 != 0
	case i.uid == owner.Uid:
		return mode&0o100 != 0
	case i.in(owner.Gid):
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// danger says who but root could put something else in the place of what root would run; empty: nobody, or it does
// not run with root's rights.
func (i identity) danger(w way) string {
	if !i.privileged(w.target()) {
		return ""
	}
	for _, e := range w {
		if why := e.writable(); why != "" {
			return fmt.Sprintf("%s %s: make it root's and writable for root alone", e.path, why)
		}
	}
	return ""
}

// privileged reports whether the file runs with the rights of root or root's group.
func (i identity) privileged(file element) bool {
	owner, mode := file.info.Sys().(*syscall.Stat_t), file.info.Mode()
	return i.uid == 0 || i.gid == 0 ||
		mode&os.ModeSetuid != 0 && owner.Uid == 0 || mode&os.ModeSetgid != 0 && owner.Gid == 0
}

// writable says how others than root can change an element. In a sticky directory only the owner of what is in it
// can replace it, and that is looked at by itself.
func (e element) writable() string {
	mode, owner := e.info.Mode(), e.info.Sys().(*syscall.Stat_t)
	switch {
	case owner.Uid != 0:
		return fmt.Sprintf("belongs to user %d", owner.Uid)
	case mode&os.ModeSymlink != 0, e.info.IsDir() && mode&os.ModeSticky != 0:
		return ""
	case mode.Perm()&0o002 != 0:
		return "is writable for everybody"
	case mode.Perm()&0o020 != 0 && owner.Gid != 0:
		return fmt.Sprintf("is writable for group %d", owner.Gid)
	}
	return ""
}
