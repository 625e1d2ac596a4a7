package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// makeFIFO makes the named pipe unless there is something at its path, and says whether it did.
func makeFIFO(path string) (created bool, err error) {
	err = unix.Mkfifo(path, 0o600)
	if errors.Is(err, unix.EEXIST) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "create", Path: path, Err: err}
	}
	return true, nil
}

// openFIFO opens a named pipe for reading and writing: it then neither waits for a reader nor breaks when one goes.
func openFIFO(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Mode().Type() != fs.ModeNamedPipe {
		err = fmt.Errorf("%s is there but is no named pipe: remove it or give another path", path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// own gives a file to a user and group; empty names leave it ours, or to the user's group.
func own(file *os.File, userName, groupName string) error {
	uid, gid := -1, -1
	if userName != "" {
		u, err := user.Lookup(userName)
		if err != nil {
			return err
		}
		if uid, gid, err = ids(u.Uid, u.Gid); err != nil {
			return err
		}
	}
	if groupName != "" {
		g, err := user.LookupGroup(groupName)
		if err != nil {
			return err
		}
		if _, gid, err = ids("0", g.Gid); err != nil {
			return err
		}
	}
	if uid == -1 && gid == -1 {
		return nil
	}
	return file.Chown(uid, gid)
}

func ids(uid, gid string) (int, int, error) {
	u, err := strconv.Atoi(uid)
	if err != nil {
		return 0, 0, err
	}
	g, err := strconv.Atoi(gid)
	return u, g, err
}

// unread is how many bytes nobody has read yet.
func unread(file *os.File) (bytes int) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		bytes, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	if err != nil {
		return 0
	}
	return bytes
}
