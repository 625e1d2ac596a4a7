package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	cases := []struct {
		name, events, want string
	}{
		{
			"a pass is only counted",
			`{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
			"ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\n",
		},
		{
			"a slow one is named",
			`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":2.5}`,
			"         2.5s TestA\n1 passed, 0 failed, 0 skipped\n",
		},
		{
			"a failure keeps its output",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0.1}`,
			"    a_test.go:7: got 1\n0 passed, 1 failed, 0 skipped\nFAILED p TestA\n\ta_test.go:7: got 1\n",
		},
		{
			"the end says where a part failed, not what its daemons wrote",
			`{"Action":"output","Package":"p","Test":"TestA/one","Output":"    a_test.go:7: got 1\n"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"        want 2\n"}
{"Action":"output","Package":"p","Test":"TestA/one","Output":"    the daemon wrote much\n"}
{"Action":"fail","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.10s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}`,
			"    a_test.go:7: got 1\n        want 2\n    the daemon wrote much\n--- FAIL: TestA (0.10s)\n" +
				"0 passed, 2 failed, 0 skipped\nFAILED p TestA/one\n\ta_test.go:7: got 1\n",
		},
		{
			"a skip tells its reason without the place",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: needs root\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}`,
			"FAIL: may not be left out: needs root\n\tp TestA\n0 passed, 0 failed, 1 skipped\n",
		},
		{
			"parts of a test are one line",
			`{"Action":"output","Package":"p","Test":"TestA/one","Output":"    a_test.go:7: needs root\n"}
{"Action":"skip","Package":"p","Test":"TestA/one"}
{"Action":"output","Package":"p","Test":"TestA/two","Output":"    a_test.go:7: needs root\n"}
{"Action":"skip","Package":"p","Test":"TestA/two"}`,
			"FAIL: may not be left out: needs root\n\tp TestA\n0 passed, 0 failed, 2 skipped\n",
		},
		{
			"a skip may be allowed by its reason",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: no moon tonight\n"}
{"Action":"skip","Package":"p","Test":"TestA"}`,
			"left out: no moon tonight\n\tp TestA\n0 passed, 0 failed, 1 skipped\n",
		},
		{
			"a test without an end keeps its output",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"p"}`,
			"panic: test timed out\n0 passed, 0 failed, 0 skipped\nFAILED p TestA\n\tpanic: test timed out\n",
		},
		{
			"what does not compile is shown",
			`{"Action":"build-output","ImportPath":"p","Output":"p.go:1: syntax error\n"}
{"Action":"build-fail","ImportPath":"p"}`,
			"p.go:1: syntax error\n0 passed, 0 failed, 0 skipped\nFAILED p does not build\n",
		},
		{
			"what is no event is passed on",
			"plain text",
			"plain text0 passed, 0 failed, 0 skipped\n",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(c.events)); err != nil {
				t.Fatal(err)
			}
			forbidden := r.summarise(regexp.MustCompile("^no moon"))
			if forbidden != strings.Contains(c.want, "FAIL: may not") {
				t.Errorf("forbidden: %t", forbidden)
			}
			if out.String() != c.want {
				t.Errorf("report:\n%s\nwant:\n%s", out.String(), c.want)
			}
		})
	}
}
