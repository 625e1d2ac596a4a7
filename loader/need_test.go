package loader

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// needRoot skips a test that loads programs, unless it can.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// needKernel skips a test on kernels that cannot have what it is about.
func needKernel(t testing.TB, feature string, major, minor int) {
	t.Helper()
	if kernelBefore(major, minor) {
		var u unix.Utsname
		_ = unix.Uname(&u)
		t.Skipf("needs %s, kernel %d.%d or newer; this is %s", feature, major, minor, unix.ByteSliceToString(u.Release[:]))
	}
}
