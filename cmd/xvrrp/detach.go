// Detaching: keepalived forks into the background, which a Go program cannot do once it runs. The program is started
// a second time instead, in a session of its own, and the first waits until it runs or has failed.

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// detachMark is the environment variable of the process that runs on. Its readiness goes to descriptor toldFD.
const (
	detachMark = "XVRRP_DETACHED"
	toldFD     = 3
)

// startDetached starts this command line again in the background and returns its exit code, or exitOK once it runs.
func startDetached() (int, error) {
	ready, told, err := os.Pipe()
	if err != nil {
		return exitFailed, err
	}
	defer ready.Close()
	path, err := program()
	if err != nil {
		return exitFailed, err
	}
	c := exec.Command(path)
	c.Args = os.Args
	c.Env = append(os.Environ(), detachMark+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.ExtraFiles = []*os.File{told}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = c.Start()
	told.Close()
	if err != nil {
		return exitFailed, fmt.Errorf("start in the background: %w", err)
	}
	if n, _ := ready.Read(make([]byte, 1)); n > 0 {
		return exitOK, nil
	}
	err = c.Wait() // the pipe closed without a word: it is about to end
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() > 0 {
		return ended.ExitCode(), nil
	}
	return exitFailed, fmt.Errorf("the process in the background ended before it was ready: %v", err)
}

// keepTold keeps a detached process's readiness from the commands it runs.
func keepTold() {
	if os.Getenv(detachMark) != "" {
		unix.CloseOnExec(toldFD)
	}
}

// passTold hands it on to the program that takes this process's place.
func passTold() error {
	if os.Getenv(detachMark) == "" {
		return nil
	}
	_, err := unix.FcntlInt(toldFD, unix.F_SETFD, 0)
	return err
}

// leaveStarter cuts a detached process off its starter's terminal and directory, and then tells it that all is well.
func leaveStarter() error {
	told := os.NewFile(toldFD, "readiness")
	defer told.Close()
	if err := os.Chdir("/"); err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	for fd := range 3 {
		if err := unix.Dup3(int(null.Fd()), fd, 0); err != nil {
			return fmt.Errorf("leave the terminal: %w", err)
		}
	}
	if err := os.Unsetenv(detachMark); err != nil {
		return err
	}
	_, err = told.Write([]byte{0})
	return err
}

// program is the path this process was started by: a symbolic link's name is what others find the process by.
func program() (string, error) {
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		return path, nil
	}
	return os.Executable()
}
