package config

import (
	"net/netip"
	"time"
)

// Command is a command line of a script or a notification.
type Command struct {
	Pos   Pos
	Argv  []string // never empty; split as keepalived splits it, not by a shell
	User  string   // empty: script_user
	Group string   // empty: the user's
}

// SyncGroup is a vrrp_sync_group with the members that exist. One without any is left out.
type SyncGroup struct {
	Name    string
	Pos     Pos
	Members []string // names of routers, in the order of the file; one router is in one group at most
	Tracks  []Track
	Notify  Notify
	// TrackWeights keeps the weights of trackers of members (sync_group_tracking_weight). Without it they have been
	// made 0 or taken out, as in keepalived; weights of the group's own trackers count for all members in any case.
	TrackWeights bool
}

// TrackKind is what a tracker looks at.
type TrackKind uint8

// The kinds.
const (
	TrackInterface TrackKind = iota
	TrackScript
	TrackFile
	TrackProcess
	TrackBFD
	TrackCheck // xvrrp's own vrrp_check
)

func (k TrackKind) String() string {
	return [...]string{"interface", "script", "file", "process", "bfd", "check"}[k]
}

// Track is one line of a track_ block: what is tracked and what that does to the router.
type Track struct {
	Pos     Pos
	Kind    TrackKind
	Name    string // of the interface or of the tracker, which exists
	Weight  int    // 0: fault. Of a file: factor of the number in it
	Reverse bool
}

// Trackers are the things that are tracked, by kind. A name is unique within its kind.
type Trackers struct {
	Scripts   []Script
	Files     []File
	Processes []Process
	BFDs      []BFD
	Checks    []Check
}

// Script is a vrrp_script.
type Script struct {
	Name              string
	Command           Command
	Interval, Timeout time.Duration
	Rise, Fall        int
	InitFail          bool // failed until it has succeeded Rise times; otherwise the first result decides
}

// File is a track_file.
type File struct {
	Name      string
	Pos       Pos
	Path      string
	Init      bool // init_file: written at the start if it is missing
	InitValue int
	Overwrite bool // written even if it is there
}

// ParamMatch says how the parameters of a tracked process are compared.
type ParamMatch uint8

// The ways: MatchName compares the command's name alone.
const (
	MatchName    ParamMatch = iota
	MatchExact              // all parameters are equal
	MatchInitial            // the first ones are equal, of the last one as far as it is given
	MatchPartial            // the first ones are equal
)

// Process is a vrrp_track_process.
type Process struct {
	Name                      string
	Pos                       Pos
	Argv                      []string
	Match                     ParamMatch
	FullCommand               bool // Argv[0] is compared with the whole first argument, not with the name of 15 bytes
	Quorum, QuorumMax         int  // up while Quorum <= processes <= QuorumMax; QuorumMax < 0: no limit
	ForkDelay, TerminateDelay time.Duration
}

// BFD is a bfd_instance that routers track (RFC 5880, RFC 5881; multihop RFC 5883).
type BFD struct {
	Name                 string
	Pos                  Pos
	Neighbor, Source     netip.Addr // Source may be zero: the kernel's choice
	MinRx, MinTx, IdleTx time.Duration
	Multiplier           int
	Passive, Multihop    bool
	TTL                  uint8 // of packets sent; 0: 255
	MaxHops              int   // hops a packet may have made; -1: any number
}

// CheckKind is what a vrrp_check does.
type CheckKind uint8

// The kinds, named after keepalived's checkers.
const (
	CheckPing CheckKind = iota // PING_CHECK: the address answers
	CheckTCP                   // TCP_CHECK: the port is open
	CheckHTTP                  // HTTP_GET, SSL_GET: the application is right
	CheckMisc                  // MISC_CHECK: a command's exit status
)

func (k CheckKind) String() string { return [...]string{"ping", "tcp", "http", "misc"}[k] }

// Check is a vrrp_check: a health check that needs no fork, but for CheckMisc.
type Check struct {
	Name       string
	Pos        Pos
	Kind       CheckKind
	Host       string        // address, or name to be resolved at each run; not of CheckMisc
	Port       uint16        // of CheckTCP and CheckHTTP
	Bind       netip.Addr    // bindto; may be zero
	Interval   time.Duration // delay_loop
	Timeout    time.Duration // connect_timeout, of one run
	Retry      int           // further runs before a failure counts
	RetryDelay time.Duration // delay_before_retry
	Rise, Fall int
	InitFail   bool

	TLS         bool // SSL_GET
	Insecure    bool // xvrrp's own ssl_verify off, which is keepalived's way; the default verifies
	SNI         string
	VirtualHost string
	URLs        []URL // of CheckHTTP, all of which must be right; not empty

	Command Command // of CheckMisc
}

// URL is one url of HTTP_GET or SSL_GET.
type URL struct {
	Path        string
	VirtualHost string        // empty: the check's
	Status      []StatusRange // empty: 200 to 299
	Digest      string        // MD5 of the body, hexadecimal; empty: not compared
	Regex       string        // the body must match; empty: not compared
	RegexNot    bool          // the body must not match
}

// StatusRange is a range of HTTP status codes.
type StatusRange struct{ From, To int }

// Notify is what a router or group tells others about its changes.
type Notify struct {
	Any                                  *Command // notify: run with four more arguments
	Master, Backup, Fault, Stop, Deleted *Command
	MasterRxLower                        *Command // notify_master_rx_lower_pri
	PriorityChanges                      bool
	DeletedWithoutCommand                bool // notify_deleted alone: "DELETED" instead of "FAULT"
	Mail                                 bool // smtp_alert
}

// FIFO is a named pipe for changes of state.
type FIFO struct {
	Pos         Pos
	Path        string
	User, Group string   // owner when it is created; empty: ours
	Script      *Command // reads it; gets the path as last argument
}

// MailSecurity is how a mail server is spoken to.
type MailSecurity uint8

// The ways.
const (
	MailPlain    MailSecurity = iota
	MailStartTLS              // required
	MailTLS                   // from the first byte
)

// Mail is where smtp_alert goes. Without To or Server there is none.
type Mail struct {
	To             []string // "name <address>" or address
	From           string
	Server         string // host or host:port, not resolved
	ConnectTimeout time.Duration
	Helo           string
	NoFaults       bool         // no_email_faults
	Security       MailSecurity // xvrrp's own smtp_tls
	User, Password string       // xvrrp's own smtp_user, smtp_password
	Insecure       bool         // xvrrp's own smtp_tls_verify off
}

// Insert is how a route is put beside others to the same destination.
type Insert uint8

// The ways.
const (
	Prepend Insert = iota
	Append
	Add // only if there is none
)

// Route is a virtual or static route. The fields are ip-route(8)'s, numbers are the kernel's.
type Route struct {
	Pos      Pos
	Text     string // as it was written, for messages
	Type     uint8  // RTN_*
	V6       bool
	Dst      netip.Prefix // 0.0.0.0/0 or ::/0: default
	Via      netip.Addr   // may be zero, or of the other family
	Dev      string       // may be empty
	OnLink   bool
	Source   netip.Addr // preferred source; may be zero
	From     netip.Prefix
	Table    uint32 // 0: main, or local by type
	Metric   uint32
	Scope    int   // -1: not given
	Protocol uint8 // 0: not given
	TOS      uint8
	Pref     uint8 // RFC 4191; 0 medium
	Realm    uint32
	Metrics  []RouteMetric
	Hops     []NextHop
	Insert   Insert
	NoTrack  bool
	Group    string // track_group, of static routes
}

// RouteMetric is one RTAX_* value.
type RouteMetric struct {
	ID     uint16
	Value  uint32
	Text   string // of congctl instead of Value
	Locked bool
}

// NextHop is one way of a route with several.
type NextHop struct {
	Via    netip.Addr
	Dev    string
	Weight int // 1 to 256; 0: 1
	OnLink bool
}

// Rule is a virtual or static routing rule. The fields are ip-rule(8)'s, numbers are the kernel's.
type Rule struct {
	Pos            Pos
	Text           string // as it was written, for messages
	V6             bool
	Not            bool
	From, To       netip.Prefix // may be zero
	Table          uint32
	Priority       uint32 // 0: not given
	TOS            uint8
	Mark, MarkMask uint32
	Marked         bool
	IIF, OIF       string
	UIDs           *[2]uint32
	L3Mdev         bool
	Protocol       uint8
	IPProto        uint8
	SPort, DPort   *[2]uint16
	SuppressPrefix int // suppress_prefixlength; -1: not given
	SuppressGroup  int // suppress_ifgroup; -1: not given
	Goto           uint32
	Action         uint8 // FR_ACT_*
	NoTrack        bool
	Group          string // track_group, of static rules
}

// Static is what stays for the life of the daemon.
type Static struct {
	Addresses []StaticAddress
	Routes    []Route
	Rules     []Rule
	Groups    map[string][]string // track_group: names of the routers that fault with what is in it
}

// StaticAddress is an address that stays. Its Dev is never empty.
type StaticAddress struct {
	Address
	Group string // track_group; may be empty
}

// VMAC is use_vmac: a macvlan of the router's own that carries its virtual addresses.
type VMAC struct {
	Name     string  // empty: made from the prefix and the VRID
	MAC      [6]byte // zero: the RFC's (RFC 9568 7.3)
	XmitBase bool    // vmac_xmit_base: adverts leave with the interface's own MAC
	Group    uint32  // netdevice group; 0: not given
}

// ExtraAnnounce is garp_extra_if: periodic announcements on links other than the router's.
type ExtraAnnounce struct {
	Every time.Duration // 0: none
	All   bool          // on every such link, not on macvlans alone
}

// PaceGroup is a garp_group: links of one switch that share the gaps between announcements.
type PaceGroup struct {
	GARPInterval, GNAInterval time.Duration
	Interfaces                []string
}

// LinkDelay is a line of interface_up_down_delays.
type LinkDelay struct {
	Interface string
	Down, Up  time.Duration
}

// Hook is startup_script or shutdown_script.
type Hook struct {
	Command *Command // nil: none
	Timeout time.Duration
}
