package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/sys/unix"

	"github.com/xvrrp/xvrrp/test/bed"
)

// console is a terminal with a program on it, as a person sees it.
type console struct {
	t    *testing.T
	own  *os.File // our end
	its  *os.File // the program's
	vt   vt10x.Terminal
	cmd  *exec.Cmd
	done chan error
}

// openConsole runs a command of the program on a terminal of a size.
func openConsole(t *testing.T, m *bed.Machine, width, height uint16, args ...string) *console {
	t.Helper()
	own, its, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t: t, own: own, its: its, vt: vt10x.New(vt10x.WithSize(int(width), int(height))), done: make(chan error, 1)}
	c.resize(width, height)
	c.cmd = exec.Command(bed.Program, append(args, "--runtime-dir", m.Path("run"))...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = its, its, its
	c.cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // until our end is closed
		b := make([]byte, 4096)
		for {
			n, err := own.Read(b)
			if err != nil {
				return
			}
			c.vt.Write(b[:n])
		}
	}()
	go func() { c.done <- c.cmd.Wait() }()
	t.Cleanup(func() {
		c.cmd.Process.Kill()
		own.Close()
		its.Close()
		if t.Failed() {
			fmt.Fprintf(t.Output(), "the screen was\n%s\n", c.screen())
		}
	})
	return c
}

func (c *console) resize(width, height uint16) {
	c.t.Helper()
	c.vt.Resize(int(width), int(height))
	if err := pty.Setsize(c.own, &pty.Winsize{Cols: width, Rows: height}); err != nil {
		c.t.Fatal(err)
	}
}

// press types.
func (c *console) press(keys string) {
	c.t.Helper()
	if _, err := c.own.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

// screen is what is on the screen, in lines.
func (c *console) screen() string {
	c.vt.Lock()
	defer c.vt.Unlock()
	width, height := c.vt.Size()
	var b strings.Builder
	for y := range height {
		var row strings.Builder
		for x := range width {
			row.WriteRune(max(c.vt.Cell(x, y).Char, ' '))
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}

// row is a line of the screen, counted from 0, or from its end if below.
func (c *console) row(n int) string {
	rows := strings.Split(strings.TrimSuffix(c.screen(), "\n"), "\n")
	return rows[(n+len(rows))%len(rows)]
}

// await waits until the screen is as wanted.
func (c *console) await(what string, holds func() bool) {
	c.t.Helper()
	bed.Until(c.t, what, bed.Patience, holds)
}

// awaitRow waits until a line of the screen begins like this.
func (c *console) awaitRow(n int, begins string) {
	c.t.Helper()
	c.await(fmt.Sprintf("%q on line %d", begins, n), func() bool { return strings.HasPrefix(c.row(n), begins) })
}

// awaitText waits until a text is somewhere on the screen.
func (c *console) awaitText(text string) {
	c.t.Helper()
	c.await(fmt.Sprintf("%q on the screen", text), func() bool { return strings.Contains(c.screen(), text) })
}

// end waits for the end of the program, and demands that the terminal is as it was.
func (c *console) end() {
	c.t.Helper()
	if err := <-c.done; err != nil {
		c.t.Errorf("it ended with %v", err)
	}
	c.await("the ordinary screen", func() bool {
		c.vt.Lock()
		defer c.vt.Unlock()
		return c.vt.Mode()&vt10x.ModeAltScreen == 0 && c.vt.CursorVisible()
	})
	mode, err := unix.IoctlGetTermios(int(c.its.Fd()), unix.TCGETS)
	if err != nil {
		c.t.Fatal(err)
	}
	if want := uint32(unix.ICANON | unix.ECHO | unix.ISIG); mode.Lflag&want != want {
		c.t.Errorf("the terminal is left in mode %#x", mode.Lflag)
	}
}

// TestTop drives top on terminals, beside a daemon that has a master, a backup and a fault, and goes away for a while.
func TestTop(t *testing.T) {
	t.Parallel()
	s := newSite(t, "top")
	m := s.Add("m")
	routers := []bed.Instance{{Name: "GW", VRID: 1, Priority: 200}, {Name: "WEB", VRID: 2, Priority: 100}, {Name: "DB", VRID: 3, Priority: 100, Iface: "ens999"}}
	start := func() {
		m.Run("tc", nil, routers...)
		m.AwaitRole("GW", "master")
		m.AwaitRole("WEB", "master")
	}
	start()

	c := openConsole(t, m, 80, 24, "top", "--interval", "200ms")
	c.awaitText(": 3 routers, 2 master, 1 fault")
	c.awaitRow(4, "ROUTER")
	c.awaitRow(5, "GW  ")
	c.awaitText("MASTER   200  (self)")
	c.await("a rate", func() bool { return strings.Contains(c.row(5), " 10.") || strings.Contains(c.row(5), " 9.") })
	c.awaitText("BACKUP -> MASTER  silence")
	c.awaitRow(-1, "q quit  ? help")
	c.press("ss") // by state
	c.awaitRow(3, "order: state")
	c.awaitRow(5, "DB  ")
	c.press("r")
	c.awaitRow(7, "DB  ")
	c.press("/web\r")
	c.awaitRow(5, "WEB  ")
	c.await("nothing but WEB", func() bool { return c.row(6) == "" })
	c.press("\r")
	c.awaitRow(1, "ROUTER WEB")
	c.awaitText("Virtual router        VRID 2, ipv4, VRRP version 3")
	c.resize(200, 50)
	c.awaitRow(-1, "q quit  esc back")
	c.press("\x1b")
	c.awaitText("WHY")
	c.awaitText(bed.VIP.String())
	c.press("\x1b")
	c.awaitRow(7, "DB  ")
	c.press("?")
	c.awaitRow(1, "KEYS")
	c.press("q")
	c.end()

	c = openConsole(t, m, 80, 24, "top", "--interval", "200ms", "--sort", "name")
	c.awaitRow(5, "DB  ")
	m.Running.Kill()
	c.awaitRow(0, "AWAY since")
	c.awaitText("GW  ")
	start()
	c.awaitRow(0, "xvrrp ")
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	c.end()
}

// TestStatusWatch follows the routers in a pipe, where a line per change is printed and nothing for terminals, and on a
// terminal, where the table stays in its place.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, "watch")
	m := s.Add("m")
	m.Run("tc", nil, bed.Instance{Priority: 100})
	m.AwaitRole(bed.Only, "master")

	cmd := exec.Command(bed.Program, "status", "--watch=200ms", "--runtime-dir", m.Path("run"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	next := func(want ...string) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("it ended: %v", lines.Err())
		}
		words := strings.Fields(lines.Text())
		if len(words) < 9 || strings.Join(words[1:9], " ") != strings.Join(want, " ") || strings.Contains(lines.Text(), "\x1b") {
			t.Errorf("got  %q\nwant a time and %q", lines.Text(), want)
		}
	}
	next(bed.Only, bed.NIC, "56", "v4", "MASTER", "100", "(self)", "1/1")
	c := openConsole(t, m, 80, 24, "status", "--watch=200ms")
	c.awaitText(": 1 router, 1 master, every 200ms, ^C ends")
	c.awaitRow(2, "ROUTER")
	c.awaitRow(3, bed.Only)
	if err := m.SetLink(bed.NIC, false); err != nil {
		t.Fatal(err)
	}
	c.awaitText("FAULT")
	c.awaitRow(3, bed.Only)
	if !lines.Scan() || !strings.Contains(lines.Text(), "  FAULT  ") {
		t.Errorf("got %q, want the fault", lines.Text())
	}
	m.Running.Stop()
	for lines.Scan() { // on its way down
		if strings.Contains(lines.Text(), "\x1b") {
			t.Errorf("got %q, which is for terminals", lines.Text())
		}
	}
	c.awaitText("no daemon is running")
}
