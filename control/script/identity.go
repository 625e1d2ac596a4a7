package script

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

// defaultUser runs scripts when the configuration names nobody and there is such a user, as in keepalived.
const defaultUser = "keepalived_script"

// identity is as whom a command runs.
type identity struct {
	name     string // of the user, for messages
	uid, gid uint32
	groups   []uint32 // supplementary ones; empty: none but gid
}

// identify finds out as whom a command runs.
func identify(s Spec, p Policy) (identity, error) {
	name, group := s.User, s.Group
	if name == "" {
		name, group = p.User, p.Group
	}
	if name == "" {
		return byDefault(p)
	}
	u, err := lookup(name)
	if err != nil {
		return identity{}, err
	}
	return withGroup(u, group, p.Supplementary)
}

// byDefault is defaultUser, or who we are. With script security keepalived insists on the former, and so do we.
func byDefault(p Policy) (identity, error) {
	u, err := lookup(defaultUser)
	switch {
	case err == nil:
		return withGroup(u, "", p.Supplementary)
	case p.Secure:
		return identity{}, fmt.Errorf("enable_script_security wants a user for scripts: name one with script_user, or create %s", defaultUser)
	}
	if u, err = user.Current(); err != nil {
		return identity{}, fmt.Errorf("look up ourselves: %w", err)
	}
	return withGroup(u, "", p.Supplementary)
}

// lookup finds a user by name or, for systems whose user database is elsewhere, by number.
func lookup(name string) (*user.User, error) {
	u, err := user.Lookup(name)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		if _, atoi := strconv.ParseUint(name, 10, 32); atoi == nil {
			u, err = user.LookupId(name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	return u, nil
}

func withGroup(u *user.User, group string, supplementary bool) (identity, error) {
	i := identity{name: u.Username}
	gid := u.Gid
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return i, fmt.Errorf("group %s: %w", group, err)
		}
		gid = g.Gid
	}
	var err error
	if i.uid, err = number(u.Uid); err != nil {
		return i, err
	}
	if i.gid, err = number(gid); err != nil {
		return i, err
	}
	if !supplementary {
		return i, i.allowed()
	}
	ids, err := u.GroupIds()
	if err != nil {
		return i, fmt.Errorf("groups of user %s: %w", u.Username, err)
	}
	for _, id := range ids {
		n, err := number(id)
		if err != nil {
			return i, err
		}
		i.groups = append(i.groups, n)
	}
	return i, i.allowed()
}

func number(id string) (uint32, error) {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("user database: id %q is not a number", id)
	}
	return uint32(n), nil
}

// allowed says whether we may run something as this user.
func (i identity) allowed() error {
	if !i.ours() && os.Geteuid() != 0 {
		return fmt.Errorf("only root runs commands as another user (%s)", i.name)
	}
	return nil
}

// ours reports that this is who we are, so that nothing has to be changed for the command.
func (i identity) ours() bool {
	return len(i.groups) == 0 && int(i.uid) == os.Geteuid() && int(i.gid) == os.Getegid()
}

// credential is what a child has to become; nil: nothing else than we are.
func (i identity) credential() *syscall.Credential {
	if i.ours() {
		return nil
	}
	groups := i.groups
	if len(groups) == 0 {
		groups = []uint32{i.gid} // ours would stay otherwise
	}
	return &syscall.Credential{Uid: i.uid, Gid: i.gid, Groups: groups}
}

// in reports whether the user is in a group.
func (i identity) in(gid uint32) bool { return i.gid == gid || slices.Contains(i.groups, gid) }
