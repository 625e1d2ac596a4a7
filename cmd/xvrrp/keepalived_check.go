package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/xvrrp/xvrrp/control/config"
)

// The exit codes of keepalived's configuration test beside 0. The highest that applies is the one.
const (
	testCannotRun = 4
	testErrors    = 5 // it runs all the same
	testInsecure  = 6 // scripts without enable_script_security, or scripts that it would refuse
)

// testConfig is keepalived -t: it says what is wrong with the configuration on this host and returns the exit code.
func (a *app) testConfig(k keepalivedFlags) int {
	out := a.stderr
	if k.testLog != "" {
		f, err := os.Create(k.testLog)
		if err != nil {
			fmt.Fprintf(a.stderr, "keepalived: %v\n", err)
			return testCannotRun
		}
		defer f.Close()
		out = f
	}
	code, err := a.judgeConfig(k, out)
	if err != nil {
		fmt.Fprintf(a.stderr, "keepalived: %v\n", err)
		return testCannotRun
	}
	return code
}

func (a *app) judgeConfig(k keepalivedFlags, out io.Writer) (code int, err error) {
	if _, err := fs.Stat(a.root, below(k.file)); err != nil {
		_, err = fmt.Fprintf(out, "Config files missing '%s'.\n", k.file)
		return testCannotRun, err
	}
	c, problems := a.loadAs(k)
	problems = append(problems, a.hostProblems(c)...)
	if err := config.Print(out, problems); err != nil {
		return 0, err
	}
	if config.Worst(problems) > config.Notice {
		code = testErrors
	}
	if why := a.insecure(c); why != "" {
		code = testInsecure
		_, err = fmt.Fprintln(out, "SECURITY VIOLATION - "+why)
	}
	return code, err
}

// insecure says what is wrong with the scripts of a configuration, in keepalived's words where it has them.
func (a *app) insecure(c *config.Config) string {
	policy := scriptPolicy(c.Global)
	policy.Secure = false // to be warned instead of refused
	for _, u := range commands(c) {
		_, danger, err := a.prepare(scriptSpec(u.command), policy)
		switch {
		case err != nil: // it is not there to be run
		case !c.Global.ScriptSecurity:
			return "scripts are being executed but script_security not enabled."
		case danger != "":
			return u.use + ": " + danger
		}
	}
	return ""
}
