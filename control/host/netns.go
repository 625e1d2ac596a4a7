package host

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// threadNamespace is the network namespace of the calling thread.
const threadNamespace = "/proc/thread-self/ns/net"

// namespace is the network namespace Host was opened in. Sockets that are needed later are taken there, whatever
// thread the caller happens to run on.
type namespace struct {
	file *os.File
	info os.FileInfo
}

func currentNamespace() (*namespace, error) {
	f, err := os.Open(threadNamespace)
	if err != nil {
		return nil, fmt.Errorf("open the network namespace (is /proc mounted?): %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("stat the network namespace: %w", err)
	}
	return &namespace{f, info}, nil
}

// do runs f on a thread inside the namespace.
func (n *namespace) do(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if n.current() {
			// Entering needs CAP_SYS_ADMIN even when one is there already.
			defer runtime.UnlockOSThread()
		} else if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter the network namespace: %w", err)
			return
		}
		// A thread that was moved stays locked and so ends with this goroutine.
		done <- f()
	}()
	return <-done
}

func (n *namespace) current() bool {
	here, err := os.Stat(threadNamespace)
	return err == nil && os.SameFile(here, n.info)
}

func (n *namespace) close() error { return n.file.Close() }
