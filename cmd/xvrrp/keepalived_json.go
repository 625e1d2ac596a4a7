package main

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/xvrrp/xvrrp/control/api"
	"github.com/xvrrp/xvrrp/control/config"
)

// keepalivedRouter is an element of keepalived's JSON.
type keepalivedRouter struct {
	Data  keepalivedData      `json:"data"`
	Stats api.KeepalivedStats `json:"stats"`
}

// keepalivedData holds keepalived's names, in its order, with its mixture of numbers and booleans. Times are in
// seconds.
type keepalivedData struct {
	Name             string  `json:"iname"`
	DontTrackPrimary int     `json:"dont_track_primary"`
	SkipCheckAddr    int     `json:"skip_check_adv_addr"`
	Strict           int     `json:"strict_mode"`
	VMAC             string  `json:"vmac_ifname"`
	Interface        string  `json:"ifp_ifname"` // the macvlan, if there is one
	MasterPriority   uint8   `json:"master_priority"`
	LastTransition   instant `json:"last_transition"`
	GARPDelay        float64 `json:"garp_delay"`
	GARPRefresh      int     `json:"garp_refresh"`
	GARPRepeat       int     `json:"garp_rep"`
	GARPRefreshRep   int     `json:"garp_refresh_rep"`
	GARPLowerDelay   int     `json:"garp_lower_prio_delay"`
	GARPLowerRepeat  int     `json:"garp_lower_prio_rep"`
	LowerNoAdvert    int     `json:"lower_prio_no_advert"`
	HigherSendAdvert int     `json:"higher_prio_send_advert"`
	VRID             uint8   `json:"vrid"`
	Base             uint8   `json:"base_priority"`
	Effective        uint8   `json:"effective_priority"`
	VIPSet           bool    `json:"vipset"`
	Promote          bool    `json:"promote_secondaries"`
	Interval         float64 `json:"adver_int"`
	MasterInterval   float64 `json:"master_adver_int"`
	Accept           int     `json:"accept"`
	NoPreempt        bool    `json:"nopreempt"`
	PreemptDelay     int     `json:"preempt_delay"`
	State            int     `json:"state"`
	WantState        int     `json:"wantstate"`
	Version          uint8   `json:"version"`
	SMTPAlert        bool    `json:"smtp_alert"`
	NotifyDeleted    bool    `json:"notify_deleted"`

	ScriptBackup   string `json:"script_backup,omitempty"`
	ScriptMaster   string `json:"script_master,omitempty"`
	ScriptFault    string `json:"script_fault,omitempty"`
	ScriptStop     string `json:"script_stop,omitempty"`
	ScriptDeleted  string `json:"script_deleted,omitempty"`
	Script         string `json:"script,omitempty"`
	ScriptLowerPri string `json:"script_master_rx_lower_pri,omitempty"`

	VIPs           []string `json:"vips,omitempty"`
	Excluded       []string `json:"evips,omitempty"`
	Routes         []string `json:"vroutes,omitempty"`
	Rules          []string `json:"vrules,omitempty"`
	TrackInterface []string `json:"track_ifp,omitempty"`
	TrackScript    []string `json:"track_script,omitempty"` // their command lines
	TrackProcess   []string `json:"track_process,omitempty"`

	AuthType uint8  `json:"auth_type"`
	AuthData string `json:"auth_data,omitempty"` // masked
}

// instant is a time in seconds since 1970, to the microsecond.
type instant time.Time

func (i instant) String() string {
	t := time.Time(i)
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

func (i instant) MarshalJSON() ([]byte, error) { return []byte(i.String()), nil }

// masked stands for a password in the dump files, which others than its owner may come to read.
const masked = "********"

// keepalivedProcess is an element of track_process in the JSON's second version.
type keepalivedProcess struct {
	Process        string  `json:"process"`
	Match          string  `json:"param_match"`
	Min            int     `json:"min_processes"`
	Max            int     `json:"max_processes,omitempty"`
	Current        int     `json:"current_processes"`
	Quorum         bool    `json:"have_quorum"`
	TerminateDelay float64 `json:"terminate_delay"`
	ForkDelay      float64 `json:"fork_delay"`
	FullCommand    bool    `json:"full_command"`
}

// json is the .json file, or nothing without any router.
func (d dump) json() []byte {
	if len(d.routers) == 0 {
		return nil
	}
	var list []keepalivedRouter
	for _, r := range d.routers {
		list = append(list, keepalivedRouter{d.jsonData(r), r.counters()})
	}
	var b bytes.Buffer
	var err error
	if d.conf.Global.JSONVersion == 2 {
		err = writeJSONLine(&b, struct {
			Routers   []keepalivedRouter  `json:"vrrp"`
			Processes []keepalivedProcess `json:"track_process,omitempty"`
		}{list, d.jsonProcesses()})
	} else {
		err = writeJSONLine(&b, list)
	}
	if err != nil {
		panic(err) // numbers and strings can be written
	}
	// As keepalived escapes them: somebody may read this with less than a JSON reader.
	return bytes.ReplaceAll(b.Bytes(), []byte("/"), []byte(`\/`))
}

func (d dump) jsonData(r dumpedRouter) keepalivedData {
	c, s := r.conf, r.snap
	out := keepalivedData{
		Name: c.Name, DontTrackPrimary: flag01(!c.TrackPrimary), SkipCheckAddr: flag01(c.SkipCheckAddr), Strict: flag01(c.Strict),
		VMAC: s.VMAC, Interface: r.device(), MasterPriority: r.masterPriority(),
		LastTransition: instant(s.Since),
		GARPDelay:      c.GARP.Delay.Seconds(), GARPRefresh: whole(c.GARP.Refresh), GARPRepeat: c.GARP.Repeat,
		GARPRefreshRep: c.GARP.RefreshRepeat, GARPLowerDelay: whole(c.GARP.LowerDelay), GARPLowerRepeat: c.GARP.LowerRepeat,
		LowerNoAdvert: flag01(c.LowerNoAdvert), HigherSendAdvert: flag01(c.HigherSendAdvert),
		VRID: c.VRID, Base: s.Base, Effective: s.Priority, VIPSet: s.Role == "master", Promote: c.PromoteSecondaries,
		Interval: c.Interval.Seconds(), MasterInterval: s.MasterInterval, Accept: flag01(c.Accept), NoPreempt: !c.Preempt,
		PreemptDelay: whole(c.PreemptDelay), State: stateNumber(s.Role), WantState: stateNumber(s.Role), Version: c.Version,
		SMTPAlert: c.Notify.Mail, NotifyDeleted: saysDeleted(*c.Notify),
		ScriptBackup: quoted(c.Notify.Backup), ScriptMaster: quoted(c.Notify.Master), ScriptFault: quoted(c.Notify.Fault),
		ScriptStop: quoted(c.Notify.Stop), ScriptDeleted: quoted(c.Notify.Deleted), Script: quoted(c.Notify.Any),
		ScriptLowerPri: quoted(c.Notify.MasterRxLower),
		VIPs:           r.addresses(c.Addresses), Excluded: r.addresses(c.Excluded),
		TrackInterface: r.tracked(config.TrackInterface), TrackProcess: r.tracked(config.TrackProcess),
		TrackScript: d.trackedCommands(r), AuthType: uint8(c.Auth.Type),
	}
	for _, route := range c.Routes {
		out.Routes = append(out.Routes, route.Text)
	}
	for _, rule := range c.Rules {
		out.Rules = append(out.Rules, rule.Text)
	}
	if c.Auth.Type != 0 {
		out.AuthData = masked
	}
	return out
}

// trackedCommands lists the command lines of the scripts that a router tracks.
func (d dump) trackedCommands(r dumpedRouter) []string {
	var lines []string
	for _, name := range r.tracked(config.TrackScript) {
		i := slices.IndexFunc(d.conf.Trackers.Scripts, func(s config.Script) bool { return s.Name == name })
		if i >= 0 {
			lines = append(lines, quoted(&d.conf.Trackers.Scripts[i].Command))
		}
	}
	return lines
}

func (d dump) jsonProcesses() []keepalivedProcess {
	var list []keepalivedProcess
	for _, p := range d.conf.Trackers.Processes {
		t := d.tracker(config.TrackProcess, p.Name)
		list = append(list, keepalivedProcess{
			Process: p.Argv[0], Match: matchName(p.Match), Min: p.Quorum, Max: max(p.QuorumMax, 0), Current: t.Value,
			Quorum: t.State == "up", TerminateDelay: p.TerminateDelay.Seconds(), ForkDelay: p.ForkDelay.Seconds(), FullCommand: p.FullCommand,
		})
	}
	return list
}

// matchName is keepalived's word for a way of comparing parameters.
func matchName(m config.ParamMatch) string {
	return [...]string{config.MatchName: "none", config.MatchExact: "exact", config.MatchInitial: "initial", config.MatchPartial: "partial"}[m]
}

// tracker is the state of a tracker, or the zero one.
func (d dump) tracker(kind config.TrackKind, name string) api.Tracker {
	i := slices.IndexFunc(d.snap.Trackers, func(t api.Tracker) bool { return t.Kind == kind.String() && t.Name == name })
	if i < 0 {
		return api.Tracker{}
	}
	return d.snap.Trackers[i]
}

// stateNumber is keepalived's number of a role.
func stateNumber(role string) int { return slices.Index(roles, role) }

// saysDeleted reports whether the removal of a router is told as DELETED, not as FAULT.
func saysDeleted(n config.Notify) bool { return n.DeletedWithoutCommand || n.Deleted != nil }

func flag01(b bool) int {
	if b {
		return 1
	}
	return 0
}

// whole is a time in seconds, cut to whole ones.
func whole(d time.Duration) int { return int(d / time.Second) }
