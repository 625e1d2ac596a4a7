package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"time"
)

// archive writes a tar.gz of files in one folder.
type archive struct {
	tar    *tar.Writer
	zip    *gzip.Writer
	folder string
	at     time.Time
}

func newArchive(w io.Writer, folder string, at time.Time) *archive {
	zip := gzip.NewWriter(w)
	return &archive{tar.NewWriter(zip), zip, folder, at}
}

func (a *archive) add(name string, text []byte) error {
	err := a.tar.WriteHeader(&tar.Header{Name: path.Join(a.folder, name), Mode: 0o600, Size: int64(len(text)), ModTime: a.at})
	if err == nil {
		_, err = a.tar.Write(text)
	}
	return err
}

func (a *archive) close() error { return errors.Join(a.tar.Close(), a.zip.Close()) }
