package main

import (
	"encoding/json"
	"testing"
	"testing/fstest"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		file string
		code int
	}{
		{"check-good", goodFile, exitOK},
		{"check-error", brokenFile, exitRejected},
		{"check-warning", "global_defs {\n    smtp_server 127.0.0.1\n}\nvirtual_server 10.0.0.1 80 {\n}\n" + goodFile, exitOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCommand("check", "/a.conf").files(fstest.MapFS{"a.conf": file(c.file)}).run(t)
			r.expect(t, c.code, "")
			golden(t, c.name+".golden", r.stdout)
			if r.stderr != "" {
				t.Errorf("stderr: %s", r.stderr)
			}

			r = newCommand("check", "/a.conf", "-o", "json").files(fstest.MapFS{"a.conf": file(c.file)}).run(t)
			r.expect(t, c.code, "")
			var got checkReport
			if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Problems) != got.Errors+got.Warnings+got.Notices || (got.Errors > 0) != (c.code == exitRejected) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestCheckTakesTheFileThatRunWouldTake(t *testing.T) {
	files := fstest.MapFS{"etc/keepalived/keepalived.conf": file(goodFile)}
	r := newCommand("check").files(files).run(t)
	r.expect(t, exitOK, "")
	if want := "/etc/keepalived/keepalived.conf: 1 router, 0 errors, 0 warnings, 0 notices\n"; r.stdout != want {
		t.Errorf("got %q, want %q", r.stdout, want)
	}
}

func TestCheckWithoutAnyFile(t *testing.T) {
	newCommand("check").files(fstest.MapFS{}).run(t).expect(t, exitUsage, "/etc/xvrrp/xvrrp.conf")
}
