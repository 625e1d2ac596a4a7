package script

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// Prepare resolves a command: it must be there, be executable, its user must exist, and it must be safe under the
// policy. It touches the file system and the user database, which may be slow: call it outside the loop. The error
// names place and remedy. A warning is for a command that can be run but should not be, as it is.
func Prepare(s Spec, p Policy) (c *Command, warning string, err error) {
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return nil, "", errors.New("no command given")
	}
	as, err := identify(s, p)
	if err != nil {
		return nil, "", fmt.Errorf("script %s: %w", s.Argv[0], err)
	}
	path, err := locate(s.Argv[0])
	if err != nil {
		return nil, "", err
	}
	way, err := follow(path)
	if err != nil {
		return nil, "", fmt.Errorf("script %s cannot be accessed: %w", path, err)
	}
	if err := as.mayRun(way); err != nil {
		return nil, "", fmt.Errorf("script %s: %w", path, err)
	}
	if danger := as.danger(way); danger != "" {
		if p.Secure {
			return nil, "", fmt.Errorf("script %s is not run as root: %s", path, danger)
		}
		warning = fmt.Sprintf("script %s is run as root: %s", path, danger)
	}

	c = &Command{path: way.target().path, argv: slices.Clone(s.Argv), credential: as.credential(), stuck: new(atomic.Int64)}
	if p.Symlinks {
		c.path = path
	}
	return c, warning, nil
}

// locate makes a command's name an absolute path: a bare name is looked up in PATH.
func locate(name string) (string, error) {
	if !strings.Contains(name, "/") {
		found, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("cannot find script %s in PATH (%w): write its whole path", name, errors.Unwrap(err))
		}
		name = found
	}
	if filepath.IsAbs(name) {
		return name, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("script %s: %w", name, err)
	}
	return here + "/" + name, nil
}
