package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/xvrrp/xvrrp/control/config"
)

// defaultConfigs are the files read when none is named, the first that exists.
var defaultConfigs = []string{"/etc/xvrrp/xvrrp.conf", "/etc/keepalived/keepalived.conf"}

// errNoConfig says that no file was named and there is none in a default place.
var errNoConfig = errors.New("no configuration")

// configFile is the file to read: the one named, else the first default that exists.
func (a *app) configFile(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	for _, path := range defaultConfigs {
		if _, err := fs.Stat(a.root, below(path)); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", exitWith(exitUsage, fmt.Errorf("%w: there is neither %s; name a file, or an interface to observe with run --iface",
		errNoConfig, strings.Join(defaultConfigs, " nor ")))
}

// load reads a file of this host. Overrides take the place of what it says of their routers.
func (a *app) load(path string, overrides ...config.Override) (*config.Config, []config.Problem) {
	o := a.meaning
	o.Overrides = overrides
	return a.loadBy(path, o)
}

// loadInPlace reads a text as if a file of this host held it.
func (a *app) loadInPlace(path, text string) (*config.Config, []config.Problem) {
	o := a.meaning
	o.Text = text
	return a.loadBy(path, o)
}

func (a *app) loadBy(path string, o config.Options) (*config.Config, []config.Problem) {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	o.Name, o.Env = path, a.getenv
	return config.Load(a.root, below(abs), o)
}

// below is an absolute path as a file system from / names it.
func below(path string) string { return strings.TrimPrefix(filepath.Clean(path), "/") }

// rejected prints the problems of a configuration that cannot be used at all: its file cannot be read, or each of
// its routers has a mistake. Else it returns nil.
func rejected(a *app, c *config.Config, problems []config.Problem) error {
	usable := slices.ContainsFunc(c.Routers, func(r config.Router) bool { return r.Fault == "" })
	if usable || config.Worst(problems) < config.Error {
		return nil
	}
	if err := config.Print(a.stderr, problems); err != nil {
		return err
	}
	return exitWith(exitRejected, errors.New("the configuration cannot be used"))
}

// thisHost is what conditional lines and the size of adverts depend on.
func thisHost() config.Options {
	name, _ := os.Hostname() // without a name no line of the form @NAME is kept
	name, _, _ = strings.Cut(name, ".")
	return config.Options{ID: name, Seed: rand.Uint64(), MTU: func(iface string) int {
		i, err := net.InterfaceByName(iface)
		if err != nil {
			return 0
		}
		return i.MTU
	}}
}
