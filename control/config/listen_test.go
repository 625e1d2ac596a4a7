package config

import "testing"

func TestParseListen(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "refused",
		"9112":               "127.0.0.1:9112",
		":9112":              "127.0.0.1:9112",
		"localhost:9112":     "127.0.0.1:9112",
		"0.0.0.0:9112":       "0.0.0.0:9112",
		"[::1]:9112":         "[::1]:9112",
		"[fe80::1%eth0]:80":  "[fe80::1%eth0]:80",
		"monitor.example:80": "refused",
		"192.0.2.1":          "refused",
		"::1":                "refused",
		"65536":              "refused",
		"on":                 "refused",
	} {
		at, err := ParseListen(text)
		got := at.String()
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}
