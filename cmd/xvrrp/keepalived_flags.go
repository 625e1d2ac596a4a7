// Keepalived's command line, as keepalived(8) has it: short options in bundles, long ones in full, some with a value
// that may be left out.

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// keepalivedFlags are what a command line of keepalived asks for.
type keepalivedFlags struct {
	file       string
	vrrp       bool // -P
	check      bool // -C
	console    bool
	detail     bool
	facility   int // of syslog, as in <syslog.h>: 0 to 7 are local0 to local7, 8 user, 9 daemon
	logFile    string
	noSyslog   bool
	umask      int // -1: not given
	keepVIPs   bool
	foreground bool
	dump       bool
	pid        string // empty: the default
	vrrpPID    string
	namespace  string
	configID   string
	signum     string
	test       bool
	testLog    string // empty: standard error
	genhash    bool
	version    bool
	help       bool

	inert []string // options that were given and have nothing to act on here
	notes []string // about values that are not taken; keepalived goes on, too
	rest  []string // arguments that are no option
}

// Facilities beside local0 to local7, which are 0 to 7.
const (
	facilityUser   = 8
	facilityDaemon = 9
)

// need says whether an option takes a value.
type need uint8

const (
	noValue need = iota
	mustValue
	mayValue // attached: -tFILE, --config-test=FILE
)

// keepalivedOption is a row of the command line.
type keepalivedOption struct {
	short byte   // 0: there is none
	long  string // empty: there is none
	value need
	arg   string // the value's name in the help
	help  string
	set   func(k *keepalivedFlags, value string)
}

// inert is an option that keepalived acts on and that has nothing to act on here.
func inert(name string) func(*keepalivedFlags, string) {
	return func(k *keepalivedFlags, _ string) { k.inert = append(k.inert, name) }
}

// defaultLogFile is where -g logs without a FILE.
const defaultLogFile = "/tmp/keepalived.log"

// keepalivedOptions is the whole command line, in the order of keepalived's help.
var keepalivedOptions = []keepalivedOption{
	{'f', "use-file", mustValue, "FILE", "Use the specified configuration file (default " + keepalivedConfig + ")",
		func(k *keepalivedFlags, v string) { k.file = v }},
	{'P', "vrrp", noValue, "", "Only run with VRRP subsystem (there is no other here)",
		func(k *keepalivedFlags, _ string) { k.vrrp = true }},
	{'C', "check", noValue, "", "Only run with Health-checker subsystem: refused, xvrrp is VRRP alone",
		func(k *keepalivedFlags, _ string) { k.check = true }},
	{'B', "no_bfd", noValue, "", "No effect: BFD sessions are part of this process", inert("--no_bfd")},
	{0, "all", noValue, "", "No effect: there is one process", inert("--all")},
	{'l', "log-console", noValue, "", "Log messages to standard error",
		func(k *keepalivedFlags, _ string) { k.console = true }},
	{'D', "log-detail", noValue, "", "Log the details of changes of state",
		func(k *keepalivedFlags, _ string) { k.detail = true }},
	{'S', "log-facility", mustValue, "FACILITY", "Syslog facility: 0-7, local0-local7, user or daemon (default)", setFacility},
	{'g', "log-file", mayValue, "FILE", "Also log to FILE (default " + defaultLogFile + ")",
		func(k *keepalivedFlags, v string) {
			k.logFile = v
			if v == "" {
				k.logFile = defaultLogFile
			}
		}},
	{0, "flush-log-file", noValue, "", "No effect: every line is written at once", func(*keepalivedFlags, string) {}},
	{'G', "no-syslog", noValue, "", "Don't log via syslog", func(k *keepalivedFlags, _ string) { k.noSyslog = true }},
	{'u', "umask", mustValue, "MASK", "umask for file creation (in numeric form)", setUmask},
	{'X', "release-vips", noValue, "", "No effect", inert("--release-vips")},
	{'V', "dont-release-vrrp", noValue, "", "Don't remove VRRP VIPs and VROUTEs on daemon stop",
		func(k *keepalivedFlags, _ string) { k.keepVIPs = true }},
	{'I', "dont-release-ipvs", noValue, "", "No effect: there is no IPVS here", inert("--dont-release-ipvs")},
	{'R', "dont-respawn", noValue, "", "No effect: there are no child processes", inert("--dont-respawn")},
	{'n', "dont-fork", noValue, "", "Stay in the foreground", func(k *keepalivedFlags, _ string) { k.foreground = true }},
	{'d', "dump-conf", noValue, "", "Log the configuration once it runs", func(k *keepalivedFlags, _ string) { k.dump = true }},
	{'p', "pid", mustValue, "FILE", "Use specified pidfile for parent process", func(k *keepalivedFlags, v string) { k.pid = v }},
	{'r', "vrrp_pid", mustValue, "FILE", "Use specified pidfile for VRRP child process (the same process)",
		func(k *keepalivedFlags, v string) { k.vrrpPID = v }},
	{'T', "genhash", noValue, "", "Refused: it belongs to LVS health checking", func(k *keepalivedFlags, _ string) { k.genhash = true }},
	{'c', "checkers_pid", mustValue, "FILE", "No effect: there are no checkers", inert("--checkers_pid")},
	{'a', "address-monitoring", noValue, "", "No effect", inert("--address-monitoring")},
	{'b', "bfd_pid", mustValue, "FILE", "No effect: BFD is part of this process", inert("--bfd_pid")},
	{'x', "snmp", noValue, "", "No effect: there is no SNMP", inert("--snmp")},
	{'A', "snmp-agent-socket", mustValue, "FILE", "No effect: there is no SNMP", inert("--snmp-agent-socket")},
	{'s', "namespace", mustValue, "NAME", "Run in network namespace NAME (overrides config)",
		func(k *keepalivedFlags, v string) { k.namespace = v }},
	{'m', "core-dump", noValue, "", "No effect", inert("--core-dump")},
	{'M', "core-dump-pattern", mayValue, "PATTERN", "No effect", inert("--core-dump-pattern")},
	{'e', "all-config", noValue, "", "No effect: a missing include is always told", func(*keepalivedFlags, string) {}},
	{'i', "config-id", mustValue, "ID", "Keep configuration lines beginning with @ID (default: the host's name)",
		func(k *keepalivedFlags, v string) { k.configID = v }},
	{0, "signum", mustValue, "SIGFUNC", "Print the signal number for STOP, RELOAD, DATA, STATS, STATS_CLEAR or JSON",
		func(k *keepalivedFlags, v string) { k.signum = v }},
	{'t', "config-test", mayValue, "LOG_FILE", "Check the configuration; what is found goes to standard error or LOG_FILE",
		func(k *keepalivedFlags, v string) { k.test, k.testLog = true, v }},
	{0, "perf", mayValue, "WHEN", "No effect", inert("--perf")},
	{0, "debug", mayValue, "OPTIONS", "No effect", inert("--debug")},
	{0, "no-mem-check", noValue, "", "No effect", inert("--no-mem-check")},
	{'v', "version", noValue, "", "Display the version number", func(k *keepalivedFlags, _ string) { k.version = true }},
	{'h', "help", noValue, "", "Display this help message", func(k *keepalivedFlags, _ string) { k.help = true }},
}

func setFacility(k *keepalivedFlags, v string) {
	number, local := strings.CutPrefix(v, "local")
	n, err := strconv.Atoi(number)
	switch {
	case err == nil && 0 <= n && n <= 7:
		k.facility = n
	case !local && v == "user":
		k.facility = facilityUser
	case !local && v == "daemon":
		k.facility = facilityDaemon
	default:
		k.notes = append(k.notes, fmt.Sprintf("Invalid log facility '%s'", v))
	}
}

func setUmask(k *keepalivedFlags, v string) {
	mask, err := strconv.ParseUint(v, 0, 32)
	if err != nil || mask > 0o777 {
		k.notes = append(k.notes, "Invalid --umask option "+v)
		return
	}
	k.umask = int(mask)
}

// parseKeepalived reads a command line. What is refused comes back in keepalived's words, a line each.
func parseKeepalived(args []string) (k keepalivedFlags, refused []string) {
	k = keepalivedFlags{file: keepalivedConfig, facility: facilityDaemon, umask: -1}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var why string
		switch {
		case arg == "--":
			k.rest = append(k.rest, args...)
			args = nil
		case strings.HasPrefix(arg, "--"):
			args, why = k.long(arg, args)
		case len(arg) > 1 && arg[0] == '-':
			args, why = k.bundle(arg[1:], args)
		default:
			k.rest = append(k.rest, arg)
		}
		if why != "" {
			refused = append(refused, why)
		}
	}
	return k, refused
}

// long takes --name or --name=value, and the argument behind it if it needs a value and has none.
func (k *keepalivedFlags) long(arg string, args []string) (rest []string, refused string) {
	name, value, given := strings.Cut(arg[2:], "=")
	for _, o := range keepalivedOptions {
		if o.long != name {
			continue
		}
		switch {
		case given && o.value == noValue:
			return args, "Unknown option " + arg
		case !given && o.value == mustValue && len(args) == 0:
			return args, "Missing parameter for option --" + name
		case !given && o.value == mustValue:
			value, args = args[0], args[1:]
		}
		o.set(k, value)
		return args, ""
	}
	return args, "Unknown option " + arg
}

// bundle takes the letters behind a dash. A letter that takes a value ends the bundle: what follows is the value.
func (k *keepalivedFlags) bundle(letters string, args []string) (rest []string, refused string) {
	for letters != "" {
		o := keepalivedShort(letters[0])
		if o == nil {
			return args, "Unknown option -" + letters[:1]
		}
		letters = letters[1:]
		if o.value == noValue {
			o.set(k, "")
			continue
		}
		if letters == "" && o.value == mustValue {
			if len(args) == 0 {
				return args, "Missing parameter for option -" + string(o.short)
			}
			letters, args = args[0], args[1:]
		}
		o.set(k, letters)
		return args, ""
	}
	return args, ""
}

func keepalivedShort(letter byte) *keepalivedOption {
	for i, o := range keepalivedOptions {
		if o.short == letter {
			return &keepalivedOptions[i]
		}
	}
	return nil
}

// printKeepalivedHelp prints the options as keepalived does.
func printKeepalivedHelp(w io.Writer) error {
	if _, err := fmt.Fprintln(w, "Usage: keepalived [OPTION...]"); err != nil {
		return err
	}
	for _, o := range keepalivedOptions {
		short, long := "    ", "--"+o.long
		if o.short != 0 {
			short = "-" + string(o.short) + ", "
		}
		switch o.value {
		case mustValue:
			long += "=" + o.arg
		case mayValue:
			long += "[=" + o.arg + "]"
		}
		if _, err := fmt.Fprintf(w, "  %s%-30s %s\n", short, long, o.help); err != nil {
			return err
		}
	}
	return nil
}
