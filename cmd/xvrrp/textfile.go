package main

import (
	"io/fs"
	"strings"
	"time"

	"github.com/xvrrp/xvrrp/control/config"
)

// flagsFile is how problems name the configuration that router flags stand for.
const flagsFile = "flags"

// loadText reads a configuration that is in no file.
func (a *app) loadText(text string) (*config.Config, []config.Problem) {
	o := a.meaning
	o.Name = flagsFile
	return config.Load(textFile(text), flagsFile, o)
}

// textFile is a file system of one file, flagsFile, with this text.
type textFile string

func (t textFile) Open(name string) (fs.File, error) {
	if name != flagsFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return openText{strings.NewReader(string(t)), textInfo(len(t))}, nil
}

// openText is the file while it is read.
type openText struct {
	*strings.Reader
	info textInfo
}

func (o openText) Stat() (fs.FileInfo, error) { return o.info, nil }
func (openText) Close() error                 { return nil }

// textInfo describes the file by its length.
type textInfo int64

func (textInfo) Name() string       { return flagsFile }
func (i textInfo) Size() int64      { return int64(i) }
func (textInfo) Mode() fs.FileMode  { return 0o444 }
func (textInfo) ModTime() time.Time { return time.Time{} }
func (textInfo) IsDir() bool        { return false }
func (textInfo) Sys() any           { return nil }
