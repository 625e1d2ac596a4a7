package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// frames is where the captures lie that filter and codec are tested with.
const frames = "../../test/frames"

func TestExplain(t *testing.T) {
	for _, c := range []struct{ name, capture, args string }{
		{"explain-v2-pass", "ka227_v2_pass.pcap", ""},
		{"explain-v3", "syn_v3_ipv4.pcap", ""},
		{"explain-v6", "ka227_v3_6.pcap", ""},
		{"explain-unicast", "ka227_unicast_v4.pcap", ""},
		{"explain-trailer", "ka243_hmac.pcap", ""},
		{"explain-vlan", "syn_vlan.pcap", ""},
		{"explain-json", "ka227_multi.pcap", "-o json"},
		{"explain-config", "syn_v2_auth.pcap", "--config testdata/explain.conf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"explain", filepath.Join(frames, c.capture)}, strings.Fields(c.args)...)
			r := newCommand(args...).run(t)
			r.expect(t, exitOK, "only the codec")
			golden(t, c.name+".golden", r.stdout+"--- stderr\n"+r.stderr)
		})
	}
}

// codecFilter is a filter that judges as the codec does, but for some frames.
type codecFilter struct {
	vrrp.Table
	frame  int
	except map[int]verdict.Verdict
	closed bool
}

func (e *codecFilter) SetSegment(s loader.Segment) error {
	e.Table.SetSegment(s.Link, s.VLAN, s.UnknownDrop)
	return nil
}

func (e *codecFilter) SetRouter(r vrrp.Rules) error {
	e.Table.SetRouter(r)
	return nil
}

func (e *codecFilter) Try(frame []byte, _ loader.Mode) (verdict.Verdict, error) {
	e.frame++
	if v, ok := e.except[e.frame]; ok {
		return v, nil
	}
	_, _, v := vrrp.Judge(frame, capturedLink, &e.Table)
	return v, nil
}

func (e *codecFilter) Close() error {
	e.closed = true
	return nil
}

func TestExplainComparesCodecAndFilter(t *testing.T) {
	for _, c := range []struct {
		name   string
		except map[int]verdict.Verdict
		code   int
		marked int
	}{
		{"agreed", nil, exitOK, 0},
		{"repetition is known to the filter alone", map[int]verdict.Verdict{2: verdict.Coalesced, 3: verdict.Lost, 4: verdict.Excess}, exitOK, 0},
		{"taken by one only", map[int]verdict.Verdict{2: verdict.BadTTL}, exitFailed, 1},
		{"dropped for two reasons", map[int]verdict.Verdict{13: verdict.BadChecksum, 14: verdict.BadLength}, exitFailed, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &codecFilter{except: c.except}
			cmd := newCommand("explain", filepath.Join(frames, "syn_v3_ipv4.pcap"))
			cmd.openFilter = func() (filter, error) { return f, nil }
			r := cmd.run(t)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d: %s", r.code, c.code, r.stderr)
			}
			if got := strings.Count(r.stdout, "!! the kernel filter says"); got != c.marked {
				t.Errorf("%d frames are marked, want %d", got, c.marked)
			}
			if c.marked > 0 && !strings.Contains(r.stderr, "differ on "+counted(c.marked, "frame")) {
				t.Errorf("stderr does not tell: %s", r.stderr)
			}
			if !f.closed {
				t.Error("the filter was left loaded")
			}
		})
	}
}

func TestExplainAsksTheKernel(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: loads the filter")
	}
	for _, capture := range []string{"syn_v3_ipv4.pcap", "syn_vlan.pcap", "ka227_unicast_v6.pcap", "ka243_hmac.pcap"} {
		t.Run(capture, func(t *testing.T) {
			cmd := newCommand("explain", filepath.Join(frames, capture))
			cmd.openFilter = openFilter
			r := cmd.run(t)
			r.expect(t, exitOK, "frames: ")
			if strings.Contains(r.stderr, "only the codec") {
				t.Errorf("the filter was not asked: %s", r.stderr)
			}
		})
	}
}

func TestExplainNeverTellsAPassword(t *testing.T) {
	for _, form := range []string{"text", "json"} {
		r := newCommand("explain", filepath.Join(frames, "ka227_v2_pass.pcap"), "-o", form).run(t)
		r.expect(t, exitOK, "")
		if strings.Contains(r.stdout+r.stderr, "s3cr3tpw") {
			t.Errorf("%s output tells the password", form)
		}
	}
}

func TestExplainSaysWhatTheFilterSaid(t *testing.T) {
	cmd := newCommand("explain", filepath.Join(frames, "ka227_multi.pcap"), "-o", "json")
	cmd.openFilter = func() (filter, error) { return &codecFilter{}, nil }
	r := cmd.run(t)
	r.expect(t, exitOK, "")
	n := 0
	for out := json.NewDecoder(strings.NewReader(r.stdout)); out.More(); n++ {
		var f frameReport
		if err := out.Decode(&f); err != nil {
			t.Fatal(err)
		}
		if f.Filter != f.Verdict || f.Differ {
			t.Errorf("frame %d: filter %q, codec %q, differ %v", f.Frame, f.Filter, f.Verdict, f.Differ)
		}
	}
	if n != 39 {
		t.Errorf("%d frames, want 39", n)
	}
}

func TestExplainMistakes(t *testing.T) {
	capture := filepath.Join(frames, "ka227_multi.pcap")
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"interface without a file", []string{capture, "--iface", "ens160"}, exitUsage, "--config"},
		{"own is no address", []string{capture, "--own", "ens160"}, exitUsage, "not an IP address"},
		{"no capture", []string{"testdata/explain.conf"}, exitFailed, "not a capture"},
		{"interface that the file does not name", []string{capture, "--config", "testdata/explain.conf", "--iface", "eth9"}, exitRejected, "ens160"},
		{"file with two interfaces", []string{capture, "--config", "testdata/two.conf"}, exitUsage, "--iface"},
	} {
		t.Run(c.name, func(t *testing.T) {
			newCommand(append([]string{"explain"}, c.args...)...).run(t).expect(t, c.code, c.says)
		})
	}
}

func TestExplainFailsWithTheFilter(t *testing.T) {
	cmd := newCommand("explain", filepath.Join(frames, "ka227_multi.pcap"))
	cmd.openFilter = func() (filter, error) { return broken{&codecFilter{}}, nil }
	cmd.run(t).expect(t, exitFailed, "frame 1: run the filter: no such program")
}

// broken is a filter that cannot be run.
type broken struct{ *codecFilter }

func (broken) Try([]byte, loader.Mode) (verdict.Verdict, error) {
	return 0, errors.New("no such program")
}
