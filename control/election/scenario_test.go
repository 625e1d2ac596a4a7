package election

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xvrrp/xvrrp/control/vrrp"
)

var update = flag.Bool("update", false, "rewrite the expectations of testdata/*.txt")

// TestScenarios plays testdata/*.txt. A file is a series of scenarios. Each is a comment that begins with the ids of
// the requirements shown, or with what an operator calls it, then a line "router" with the configuration, and lines
// "at INSTANT INPUT  EXPECTATION", where the expectation lists the effects in order and the deadline
// afterwards. For a sync group there is a line "group NAME", a line "member NAME" with the configuration for each
// router, and the inputs say whose they are: "at INSTANT NAME INPUT  EXPECTATION".
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var played []string
	for i, s := range strings.Split(strings.TrimRight(string(text), "\n"), "\n\n") {
		got, err := play(s)
		if err != nil {
			t.Fatalf("%s: scenario %d: %v", file, i+1, err)
		}
		played = append(played, got)
		if got != s && !*update {
			t.Errorf("%s: scenario %d\n--- want\n%s\n--- got\n%s", file, i+1, s, got)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(played, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// requirements are the rows of sections 5 and 6 of the conformance list, and those of section 9 that concern the
// election.
func requirements() (ids []string) {
	for i := 1; i <= 30; i++ {
		if i <= 15 || i >= 20 {
			ids = append(ids, fmt.Sprintf("SM-%02d", i))
		}
	}
	for i := 1; i <= 12; i++ {
		ids = append(ids, fmt.Sprintf("TM-%02d", i))
	}
	return append(ids, "IO-03", "IO-04", "RX-19", "RX-20")
}

// TestScenariosCoverRequirements demands a scenario for every row.
func TestScenariosCoverRequirements(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`\b(SM|TM|IO|RX)-\d\d\b`)
	var shown []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, id.FindAllString(string(text), -1)...)
	}
	for _, want := range requirements() {
		if !slices.Contains(shown, want) {
			t.Errorf("no scenario shows %s", want)
		}
	}
	for _, id := range shown {
		if !slices.Contains(requirements(), id) {
			t.Errorf("scenario shows %s, which is no requirement", id)
		}
	}
}

// play runs one scenario and returns its text with what really happened.
func play(scenario string) (string, error) {
	var (
		out    []string
		inputs [][2]string // line number in out and left side
		on     stage
	)
	for line := range strings.SplitSeq(scenario, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		if word != "at" {
			if err := on.prepare(word, strings.Fields(rest)); err != nil {
				return "", fmt.Errorf("%s: %w", line, err)
			}
			out = append(out, line)
			continue
		}
		left, happened, err := on.step(rest)
		if err != nil {
			return "", fmt.Errorf("%s: %w", line, err)
		}
		inputs = append(inputs, [2]string{strconv.Itoa(len(out)), left})
		out = append(out, strings.Join(happened, "; "))
	}
	width := 0
	for _, in := range inputs {
		width = max(width, len(in[1]))
	}
	for _, in := range inputs {
		i, err := strconv.Atoi(in[0])
		if err != nil {
			return "", err
		}
		out[i] = fmt.Sprintf("%-*s  %s", width, in[1], out[i])
	}
	return strings.Join(out, "\n"), nil
}

// stage is what a scenario is about: a router, or the members of a group.
type stage struct {
	group   *Group
	name    string // the group's
	members []Member
	configs map[*Router]Config
}

// prepare reads a line that is no input.
func (s *stage) prepare(word string, words []string) error {
	name := ""
	switch {
	case word == "#":
		return nil
	case word == "group" && len(words) == 1:
		s.name = words[0]
		return nil
	case word == "member" && len(words) > 0:
		name, words = words[0], words[1:]
	case word != "router":
		return fmt.Errorf("unknown line")
	}
	c := Config{Version: 3, Priority: 100, Interval: time.Second, Preempt: true, Self: netip.MustParseAddr("192.0.2.1")}
	if err := readConfig(&c, words); err != nil {
		return err
	}
	if s.configs == nil {
		s.configs = make(map[*Router]Config)
	}
	r := New(c)
	s.members, s.configs[r] = append(s.members, Member{name, r}), c
	return nil
}

// step reads what follows "at" and steps the router, or the group. left is the input's side of the line, written
// canonically.
func (s *stage) step(line string) (left string, happened []string, err error) {
	instant, rest, _ := strings.Cut(line, " ")
	at, err := time.ParseDuration(instant)
	if err != nil {
		return "", nil, err
	}
	said, _, _ := strings.Cut(strings.TrimSpace(rest), "  ")
	left = fmt.Sprintf("at %-13s %s", instant, said)
	words := strings.Fields(said)
	if len(words) == 0 || len(s.members) == 0 {
		return "", nil, fmt.Errorf("nobody is told anything")
	}
	if s.name == "" {
		r := s.members[0].Router
		in, err := s.read(r, words)
		if err != nil {
			return "", nil, err
		}
		return left, append(describe(r.Step(at, in)), "deadline "+describeDeadline(r)), nil
	}
	if s.group == nil {
		s.group = NewGroup(s.name, s.members)
	}
	actions, err := s.stepGroup(at, words)
	return left, append(s.describeActions(actions), s.describeDeadlines()), err
}

// stepGroup reads "MEMBER INPUT", or "regroup MEMBER...".
func (s *stage) stepGroup(at time.Duration, words []string) ([]Action, error) {
	if words[0] == "regroup" {
		var members []Member
		for _, m := range s.members {
			if slices.Contains(words[1:], m.Name) {
				members = append(members, m)
			}
		}
		return s.group.Regroup(at, members), nil
	}
	i := slices.IndexFunc(s.members, func(m Member) bool { return m.Name == words[0] })
	if i < 0 || len(words) < 2 {
		return nil, fmt.Errorf("no member is told anything")
	}
	r := s.members[i].Router
	in, err := s.read(r, words[1:])
	if err != nil {
		return nil, err
	}
	if r.group == nil {
		var actions []Action
		for _, e := range r.Step(at, in) {
			actions = append(actions, Action{r, e})
		}
		return actions, nil
	}
	return s.group.Step(at, r, in), nil
}

// read reads an input of a router.
func (s *stage) read(r *Router, words []string) (Input, error) {
	c := s.configs[r]
	plain := map[string]Input{"start": Start{}, "stop": Stop{}, "tick": Tick{}, "refreshed": Refreshed{}}
	if in := plain[words[0]]; in != nil && len(words) == 1 {
		return in, nil
	}
	if len(words) < 2 {
		return nil, fmt.Errorf("unknown input %q", words)
	}
	switch words[0] {
	case "handover":
		return HandOver{Detail: words[1]}, nil
	case "failed":
		return Failed{Cause: words[1]}, nil
	case "cleared":
		return Cleared{Cause: words[1]}, nil
	case "renumbered":
		a, err := netip.ParseAddr(words[1])
		return Renumbered{Self: a}, err
	case "weighed":
		p, err := readByte(words[1])
		return Weighed{Priority: p}, err
	case "heard":
		return readHeard(words[1:], c)
	case "reconfigured":
		err := readConfig(&c, words[1:])
		s.configs[r] = c
		return Reconfigured{Config: c}, err
	}
	return nil, fmt.Errorf("unknown input %q", words)
}

// readHeard reads "ADDRESS priority P [every INTERVAL] [version V]"; what is left out is as in our configuration.
func readHeard(words []string, c Config) (Heard, error) {
	src, err := netip.ParseAddr(words[0])
	if err != nil {
		return Heard{}, err
	}
	h := Heard{Src: src, Advert: vrrp.Advert{Version: c.Version, Interval: c.Interval}}
	for i := 1; i+1 < len(words); i += 2 {
		value := words[i+1]
		switch words[i] {
		case "priority":
			h.Advert.Priority, err = readByte(value)
		case "version":
			h.Advert.Version, err = readByte(value)
		case "every":
			h.Advert.Interval, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("unknown word %q", words[i])
		}
		if err != nil {
			return Heard{}, err
		}
	}
	return h, nil
}

// readConfig reads pairs of keyword and value.
func readConfig(c *Config, words []string) error {
	if len(words)%2 != 0 {
		return fmt.Errorf("a keyword has no value")
	}
	for i := 0; i < len(words); i += 2 {
		if err := configure(c, words[i], words[i+1]); err != nil {
			return fmt.Errorf("%s: %w", words[i], err)
		}
	}
	return nil
}

func configure(c *Config, keyword, value string) (err error) {
	durations := map[string]*time.Duration{"interval": &c.Interval, "preempt_delay": &c.PreemptDelay,
		"announce_delay": &c.AnnounceDelay, "announce_refresh": &c.AnnounceRefresh, "lower_delay": &c.LowerDelay}
	counts := map[string]*int{"down_adverts": &c.DownAdverts, "announce_repeat": &c.AnnounceRepeat,
		"announce_refresh_repeat": &c.AnnounceRefreshRepeat, "lower_repeat": &c.LowerRepeat}
	switches := map[string]*bool{"preempt": &c.Preempt, "interop": &c.Interop, "lower_no_advert": &c.LowerNoAdvert,
		"higher_send_advert": &c.HigherSendAdvert, "owner_ignore": &c.OwnerIgnore}
	switch {
	case durations[keyword] != nil:
		*durations[keyword], err = time.ParseDuration(value)
	case counts[keyword] != nil:
		*counts[keyword], err = strconv.Atoi(value)
	case switches[keyword] != nil:
		*switches[keyword] = value == "on"
	case keyword == "version":
		c.Version, err = readByte(value)
	case keyword == "priority":
		c.Priority, err = readByte(value)
	case keyword == "timer_expired":
		c.TimerExpired, err = readByte(value)
	case keyword == "self":
		c.Self, err = netip.ParseAddr(value)
	case keyword == "state":
		c.StartMaster = value == "master"
	default:
		return fmt.Errorf("unknown keyword")
	}
	return err
}

func readByte(s string) (uint8, error) {
	n, err := strconv.ParseUint(s, 10, 8)
	return uint8(n), err
}

// describe writes effects the way scenarios do.
func describe(effects []Effect) (words []string) {
	for _, e := range effects {
		words = append(words, describeEffect(e))
	}
	return words
}

func describeEffect(e Effect) string {
	switch e := e.(type) {
	case Advertise:
		return fmt.Sprintf("advertise %d", e.Priority)
	case Acquire:
		return "acquire"
	case Release:
		return "release"
	case Announce:
		return fmt.Sprintf("announce %d", e.Repeat)
	case Follow:
		if !e.Master.IsValid() {
			return "unfollow"
		}
		return fmt.Sprintf("follow %v", e.Master)
	case Changed:
		return fmt.Sprintf("changed %v→%v %s%s", e.From, e.To, e.Why, quoted(e.Detail))
	case Noted:
		return fmt.Sprintf("noted %s%s", e.Why, quoted(e.Detail))
	}
	return fmt.Sprintf("unknown effect %T", e)
}

func quoted(detail string) string {
	if detail == "" {
		return ""
	}
	return fmt.Sprintf(" %q", detail)
}

func describeDeadline(r *Router) string {
	at, why := r.Deadline()
	if at == Never {
		return "never"
	}
	return fmt.Sprintf("%v %s", at, why)
}

// describeActions writes actions, each with whose it is.
func (s *stage) describeActions(actions []Action) (words []string) {
	for _, a := range actions {
		words = append(words, s.owner(a)+": "+describeEffect(a.Effect))
	}
	return words
}

func (s *stage) owner(a Action) string {
	for _, m := range s.members {
		if m.Router == a.Router {
			return m.Name
		}
	}
	return s.name
}

func (s *stage) describeDeadlines() string {
	var words []string
	for _, m := range s.members {
		words = append(words, m.Name+" "+describeDeadline(m.Router))
	}
	return "deadlines " + strings.Join(words, ", ")
}
