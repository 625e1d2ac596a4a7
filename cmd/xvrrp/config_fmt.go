package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/xvrrp/xvrrp/control/config"
)

func newConfigFmt(a *app) *cobra.Command {
	var write, check bool
	c := &cobra.Command{
		Use:   "fmt [FILE...]",
		Short: "Lay out configuration files in one way",
		Long: `Fmt prints a configuration file in its canonical layout: four blanks for each block, one between words, a
brace at the end of its line, one empty line between blocks. Comments, includes, conditions (@ID),
definitions ($NAME) and repetitions stay as they are; files that are included are files of their own. The
result means exactly what the file did, which is checked each time before anything is printed or written,
and formatting it again changes nothing. Without FILE standard input is read.`,
		Example: `  xvrrp config fmt keepalived.conf | diff keepalived.conf -
  xvrrp config fmt -w /etc/xvrrp/xvrrp.conf
  xvrrp config fmt --check *.conf`,
		PreRunE: func(_ *cobra.Command, args []string) error {
			switch {
			case write && check:
				return usagef("give --write or --check, not both")
			case len(args) == 0 && (write || check):
				return usagef("name the files")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.formatInput()
			}
			var others []string
			for _, path := range args {
				differs, err := a.format(path, write, check)
				if err != nil {
					return err
				}
				if differs {
					others = append(others, path)
				}
			}
			if check && len(others) > 0 {
				return exitWith(exitNotReached, fmt.Errorf("not laid out by fmt: %s", strings.Join(others, ", ")))
			}
			return nil
		},
	}
	c.Flags().BoolVarP(&write, "write", "w", false, "write the result into the file instead of printing it")
	c.Flags().BoolVar(&check, "check", false, "only say which files are laid out in another way, with exit code 6 if any is")
	return c
}

// formatInput lays out standard input.
func (a *app) formatInput() error {
	text, err := io.ReadAll(a.stdin)
	if err != nil {
		return err
	}
	laid := config.Format(string(text))
	was, _ := a.loadText(string(text))
	is, _ := a.loadText(laid)
	if err := same("standard input", was, is); err != nil {
		return err
	}
	_, err = io.WriteString(a.stdout, laid)
	return err
}

// format lays one file out, and reports whether that changes it.
func (a *app) format(path string, write, check bool) (differs bool, err error) {
	text, err := a.read(path)
	if err != nil {
		return false, err
	}
	laid := config.Format(text)
	if err := a.sameMeaning(path, laid); err != nil {
		return false, err
	}
	switch {
	case check:
	case !write:
		_, err = io.WriteString(a.stdout, laid)
	case laid != text:
		err = rewrite(path, laid)
	}
	return laid != text, err
}

// read is the text of a file.
func (a *app) read(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	text, err := fs.ReadFile(a.root, below(abs))
	if err != nil {
		return "", fmt.Errorf("read the configuration: %w", err)
	}
	return string(text), nil
}

// sameMeaning makes sure that a text means what the file does in whose place it is to be.
func (a *app) sameMeaning(path, text string) error {
	was, _ := a.load(path)
	is, _ := a.loadInPlace(path, text)
	return same(path, was, is)
}

// same refuses a configuration that is another one than what path held.
func same(path string, was, is *config.Config) error {
	if was.Same(is) {
		return nil
	}
	return fmt.Errorf("%s would mean something else (%s): this is a defect of xvrrp, please report it; the file is as it was",
		path, strings.Join(was.Differences(is), ", "))
}

// rewrite replaces a file at once, through links to it, and keeps its mode and owner.
func rewrite(path, text string) (err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), keepOwner(f, info), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// keepOwner gives a file the owner of another.
func keepOwner(f *os.File, of fs.FileInfo) error {
	s, known := of.Sys().(*syscall.Stat_t)
	if !known {
		return nil
	}
	return f.Chown(int(s.Uid), int(s.Gid))
}
