package config

import (
	"reflect"
	"testing"
	"time"
)

func TestScheduling(t *testing.T) {
	tests := map[string]struct {
		text string
		want Scheduling
	}{
		"nothing said":          {"", DefaultScheduling},
		"real-time":             {"vrrp_rt_priority 50", Scheduling{RealTime: 50, Nice: -20, Limit: time.Second}},
		"niceness alone":        {"vrrp_priority -5", Scheduling{Nice: -5, Limit: time.Second}},
		"both":                  {"vrrp_priority -5\nvrrp_rt_priority 3", Scheduling{RealTime: 3, Nice: -5, Limit: time.Second}},
		"limit":                 {"vrrp_rlimit_rttime 10000", Scheduling{RealTime: 10, Nice: -20, Limit: 10 * time.Millisecond}},
		"old name of the limit": {"vrrp_rlimit_rtime 10000", Scheduling{RealTime: 10, Nice: -20, Limit: 10 * time.Millisecond}},
		"processors":            {"vrrp_cpu_affinity 0 3", Scheduling{RealTime: 10, Nice: -20, Limit: time.Second, CPUs: []int{0, 3}}},
		"no such processor":     {"vrrp_cpu_affinity 0 -3", DefaultScheduling},
		"out of range":          {"vrrp_rt_priority 100", DefaultScheduling},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, problems := load1("global_defs {\n" + tt.text + "\n}\n" + router1(""))
			if !reflect.DeepEqual(cfg.Global.Scheduling, tt.want) {
				t.Errorf("%+v, want %+v (%v)", cfg.Global.Scheduling, tt.want, problems)
			}
		})
	}
}
