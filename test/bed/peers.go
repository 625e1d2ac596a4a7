package bed

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// PeersScript unpacks other daemons from the distribution's packages, and runs them.
const PeersScript = "../peers.sh"

var (
	unpackMu sync.Mutex
	unpacks  = map[string]error{} // by package
)

// NeedPeer skips a test if a package of the distribution is not to be had.
func NeedPeer(t testing.TB, pkg string) {
	t.Helper()
	unpackMu.Lock()
	defer unpackMu.Unlock()
	err, known := unpacks[pkg]
	if !known {
		out, runErr := exec.Command(PeersScript, pkg).CombinedOutput()
		if runErr != nil {
			err = errors.New(string(bytes.TrimSpace(out)))
		}
		unpacks[pkg] = err
	}
	if err != nil {
		t.Skipf("needs %s: %v", pkg, err)
	}
}

// Keepalived starts the distribution's keepalived on a configuration file and returns once it takes part.
func (m *Machine) Keepalived(file string) *Process {
	t := m.Site.T
	t.Helper()
	NeedPeer(t, "keepalived")
	run := filepath.Join(t.TempDir(), "run") // as empty as after a boot
	p := m.Start("keepalived", PeersScript, "keepalived", "keepalived", "--vrrp", "--dont-fork", "--log-console",
		"--log-detail", "--no-syslog", "--use-file", file,
		"--pid", run+".pid", "--vrrp_pid", run+"-vrrp.pid")
	p.AwaitLog("Startup complete")
	return p
}
