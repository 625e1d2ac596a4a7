package api

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// dialPath names the variable that makes the test binary a client of the socket it names.
const dialPath = "XVRRP_TEST_DIAL"

// A client is known by its user and by all of its groups, however many.
func TestPeerOf(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a client of another user")
	}
	many := make([]uint32, 200)
	for i := range many {
		many[i] = uint32(1000 + i)
	}
	for name, groups := range map[string][]uint32{"no group": {}, "some groups": {27, 500}, "many groups": many} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "xv") // which others can reach
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			path := filepath.Join(dir, "s")
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for p, mode := range map[string]os.FileMode{dir: 0o755, path: 0o666} {
				if err := os.Chmod(p, mode); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), dialPath+"="+path)
			cmd.Dir = "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4712, Groups: groups}}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			c, err := l.AcceptUnix()
			if err != nil {
				t.Fatal(err)
			}
			got, err := peerOf(c)
			c.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := append([]uint32{4712}, groups...); got.uid != 4711 || !slices.Equal(got.groups, want) {
				t.Errorf("got user %d and groups %v, want 4711 and %v", got.uid, got.groups, want)
			}
		})
	}
}

func TestListenLetsAGroupIn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a socket of another group")
	}
	readers, admins := &UserGroup{"readers", 4711}, &UserGroup{"admins", 4712}
	for _, c := range []struct {
		name   string
		access Access
		mode   os.FileMode // of the directory before
		dir    uint32      // its group
		socket uint32
	}{
		{"nobody", Access{}, 0o750, 0, 0},
		{"readers", Access{Readers: readers, Admins: admins}, 0o750, 4711, 4711},
		{"admins alone", Access{Admins: admins}, 0o750, 4712, 4712},
		{"a directory that anybody may pass", Access{Readers: readers}, 0o755, 0, 4711},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(dir, c.mode); err != nil {
				t.Fatal(err)
			}
			l, err := Listen(dir, c.access)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for path, want := range map[string]uint32{dir: c.dir, filepath.Join(dir, socketName): c.socket} {
				var st syscall.Stat_t
				if err := syscall.Stat(path, &st); err != nil {
					t.Fatal(err)
				}
				if st.Gid != want {
					t.Errorf("%s belongs to group %d, want %d", path, st.Gid, want)
				}
			}
		})
	}
}
