package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/control/config"
)

// namespaceMark is the environment variable that tells a process that started anew that it is in its namespace.
const namespaceMark = "XVRRP_NETNS"

// environment is os.Getenv. The mark is about this process and not about what it starts, so it is taken out.
func environment() func(string) string {
	in := os.Getenv(namespaceMark)
	os.Unsetenv(namespaceMark)
	return func(name string) string {
		if name == namespaceMark {
			return in
		}
		return os.Getenv(name)
	}
}

// settle puts this process where its configuration wants it: under its umask, and in its network namespace. To get
// there the program starts anew, and settle does not return.
func (a *app) settle(g config.Global) error {
	if g.UMask >= 0 {
		a.umask(g.UMask)
	}
	switch in := a.getenv(namespaceMark); {
	case g.NetNamespace == "", g.NetNamespace == in:
		return nil
	case in != "":
		return fmt.Errorf("net_namespace was %s a moment ago and is %s now: start again", in, g.NetNamespace)
	}
	return a.enterNamespace(g.NetNamespace)
}

// inOwnDir gives a daemon that is one of several on its host, told apart by net_namespace and instance, a runtime
// directory of its own below the default one. A directory that was chosen is left alone.
func (a *app) inOwnDir(g config.Global) {
	if a.runtimeDir == defaultRuntimeDir {
		a.runtimeDir = filepath.Join(defaultRuntimeDir, g.NetNamespace, g.Instance)
	}
}

// namespaceDir is where ip-netns(8) keeps namespaces.
const namespaceDir = "/run/netns"

// startInNamespace replaces this process by one that runs the same command line in a network namespace. It returns
// only when that is not possible. All threads have to be in the namespace, and an exec leaves one thread.
func startInNamespace(name string) error {
	if strings.Contains(name, "/") || strings.HasPrefix(name, ".") {
		return usagef("net_namespace %s: this is the name of no network namespace", name)
	}
	path := filepath.Join(namespaceDir, name)
	ns, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("network namespace %s does not exist: make it with ip netns add %s", name, name)
	}
	if err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	defer ns.Close()
	self, err := program()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
	if errors.Is(err, unix.EPERM) {
		return exitWith(exitPrivilege, fmt.Errorf("entering network namespace %s needs CAP_SYS_ADMIN: grant it, or leave net_namespace out and "+
			"have systemd do it with NetworkNamespacePath=%s", name, path))
	}
	if err != nil {
		return fmt.Errorf("enter network namespace %s: %w", name, err)
	}
	if err := passTold(); err != nil {
		return err
	}
	return fmt.Errorf("start anew in network namespace %s: %w", name,
		syscall.Exec(self, os.Args, append(os.Environ(), namespaceMark+"="+name)))
}
