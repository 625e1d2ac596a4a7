package script

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks is how many symbolic links a path may go through, as the kernel has it.
const maxLinks = 40

// element is a file, directory or symbolic link that the way to a command goes through.
type element struct {
	path string      // free of links but for the last name
	info os.FileInfo // of the element itself, not of what a link refers to
}

// way is all that decides which file a path means: whoever can change one element can change the command. Its last
// element is a regular file.
type way []element

// target is the file at the end of the way.
func (w way) target() element { return w[len(w)-1] }

// follow walks to an absolute path, through every symbolic link, to a regular file.
func follow(path string) (way, error) {
	at, rest := "/", names(path)
	var passed way
	root, err := os.Lstat(at)
	if err != nil {
		return nil, err
	}
	passed = append(passed, element{at, root})

	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return nil, err
		}
		passed = append(passed, element{next, info})
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			if links++; links > maxLinks {
				return nil, fmt.Errorf("%s: more than %d symbolic links", path, maxLinks)
			}
			target, err := os.Readlink(next)
			if err != nil {
				return nil, err
			}
			if filepath.IsAbs(target) {
				at = "/"
			}
			rest = slices.Concat(names(target), rest)
		case info.IsDir():
			at = next
		case len(rest) > 0:
			return nil, fmt.Errorf("%s is not a directory", next)
		}
	}
	if end := passed.target(); !end.info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", end.path)
	}
	return passed, nil
}

// names cuts a path into its names. ".." stays: what it means is known when the link before it has been followed.
func names(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(name string) bool { return name == "" || name == "." })
}
