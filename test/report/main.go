// Report runs `go test` with the arguments given and says what go test keeps to itself: which tests were left
// out, and why. It prints a line per package, tests that took longer than a second, and everything a failed test
// wrote; the very last lines say once more what failed, and where. With XVRRP_REQUIRE=all a test that is left out counts as failed, unless its reason matches the regular
// expression XVRRP_MAY_SKIP.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

func main() {
	maySkip := regexp.MustCompile("")
	if os.Getenv("XVRRP_REQUIRE") == "all" {
		maySkip = regexp.MustCompile("^(" + os.Getenv("XVRRP_MAY_SKIP") + ")$")
	}
	ok, err := run(os.Stdout, os.Args[1:], maySkip)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run reports one `go test` and whether it went well: nothing failed, and nothing was left out for a reason other
// than maySkip.
func run(w io.Writer, args []string, maySkip *regexp.Regexp) (bool, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, fmt.Errorf("connect to go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start go test: %w", err)
	}
	r := newReport(w)
	if err := r.read(out); err != nil {
		return false, fmt.Errorf("read the events of go test: %w", err)
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return false, fmt.Errorf("wait for go test: %w", err)
	}
	forbidden := r.summarise(maySkip)
	return err == nil && !forbidden, nil
}

// event is one line of `go test -json`, see `go doc test2json`.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64 // seconds
}

// report gathers events. The output of a test is kept until its fate is known.
type report struct {
	w              io.Writer
	output         map[string][]string // by package and test
	passed, failed int
	skipped        []skip
	failures       []failure
}

type skip struct{ test, reason string }

// failure is a test, or a package as a whole, and the places it named.
type failure struct {
	name   string
	places []string
}

func newReport(w io.Writer) *report {
	return &report{w: w, output: map[string][]string{}}
}

// read consumes events until the stream ends. A line that is no event is passed on.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				r.w.Write(line)
			} else {
				r.add(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e event) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.w, e.Output)
	case e.Action == "build-fail":
		r.failures = append(r.failures, failure{name: e.ImportPath + " does not build"})
	case e.Test == "":
		r.addPackage(e)
	default:
		r.addTest(e)
	}
}

// addPackage prints what go test says about a package as a whole, except for the bare PASS and FAIL lines. When a
// package fails it also prints what tests wrote whose end never came: a panic or a time-out took them.
func (r *report) addPackage(e event) {
	switch {
	case e.Action == "fail":
		for key, output := range r.output {
			if strings.HasPrefix(key, e.Package+" ") {
				fmt.Fprint(r.w, strings.Join(output, ""))
				r.fail(key, output)
				delete(r.output, key)
			}
		}
	case e.Action == "output" && e.Output != "PASS\n" && e.Output != "FAIL\n":
		fmt.Fprint(r.w, e.Output)
	}
}

func (r *report) addTest(e event) {
	key := e.Package + " " + e.Test
	if e.Action == "output" {
		r.output[key] = append(r.output[key], e.Output)
		return
	}
	switch e.Action {
	case "pass":
		r.passed++
		if e.Elapsed >= 1 {
			fmt.Fprintf(r.w, "      %6.1fs %s\n", e.Elapsed, e.Test)
		}
	case "fail":
		r.failed++
		fmt.Fprint(r.w, strings.Join(r.output[key], ""))
		r.fail(key, r.output[key])
	case "skip":
		r.skipped = append(r.skipped, skip{key, reason(r.output[key])})
	default:
		return
	}
	delete(r.output, key)
}

// mostPlaces is how many lines of a failed test are said again: the last ones, where it gave up.
const mostPlaces = 6

// place matches the line that begins what a test has logged or failed with, and the first line of a panic.
var place = regexp.MustCompile(`^\s+\S+\.go:\d+: |^panic: `)

// fail keeps where a test failed. A test that names no place only has parts that failed.
func (r *report) fail(name string, output []string) {
	f := failure{name: name}
	for _, line := range output {
		if place.MatchString(line) {
			f.places = append(f.places, "\t"+strings.TrimSpace(line)+"\n")
		}
	}
	if len(f.places) > 0 {
		f.places = f.places[max(0, len(f.places)-mostPlaces):]
		r.failures = append(r.failures, f)
	}
}

// reason is what a skipped test wrote last, without the place in its file.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			if _, text, ok := strings.Cut(text, ": "); ok {
				return text
			}
		}
		return line
	}
	return "no reason given"
}

// summarise lists by reason which tests were left out or in part so, then the totals and what failed. It tells
// whether a reason is forbidden.
func (r *report) summarise(maySkip *regexp.Regexp) (forbidden bool) {
	byReason := map[string][]string{}
	for _, s := range r.skipped {
		if whole, _, _ := strings.Cut(s.test, "/"); !slices.Contains(byReason[s.reason], whole) {
			byReason[s.reason] = append(byReason[s.reason], whole)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		verdict := "left out"
		if !maySkip.MatchString(reason) {
			verdict, forbidden = "FAIL: may not be left out", true
		}
		fmt.Fprintf(r.w, "%s: %s\n", verdict, reason)
		for _, test := range byReason[reason] {
			fmt.Fprintf(r.w, "\t%s\n", test)
		}
	}
	fmt.Fprintf(r.w, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	for _, f := range r.failures {
		fmt.Fprintf(r.w, "FAILED %s\n%s", f.name, strings.Join(f.places, ""))
	}
	return forbidden
}
