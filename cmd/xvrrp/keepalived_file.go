package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// replaceFile puts content at path in one step, so that a reader finds the old file or the new one, whole. The new
// one is made under a name that nobody can have prepared, and a symbolic link at path is replaced, not followed:
// path may be in a directory that everybody writes to.
func replaceFile(path string, mode os.FileMode, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	// Closed under its final name: who watches the directory for the end of writing to path (VyOS does) learns of it.
	return errors.Join(err, f.Close())
}
