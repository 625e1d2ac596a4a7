// Names of numbers: routing tables, scopes, protocols and their like have the names iproute2's files give them.

package config

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"strconv"
	"strings"
)

// numbering is one of iproute2's files, with the names that hold if it is not there.
type numbering struct {
	file  string
	what  string // for messages
	most  uint32
	base  int // of numbers in the configuration; 0: as they are written
	names map[string]uint32
}

var (
	routeTables = numbering{file: "rt_tables", what: "routing table", most: 1<<32 - 1,
		names: map[string]uint32{"default": 253, "main": 254, "local": 255}}
	routeScopes = numbering{file: "rt_scopes", what: "scope", most: 255,
		names: map[string]uint32{"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}}
	routeProtocols = numbering{file: "rt_protos", what: "routing protocol", most: 255,
		names: map[string]uint32{"redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9, "mrt": 10, "zebra": 11, "bird": 12,
			"dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "keepalived": 18, "babel": 42, "openr": 99, "bgp": 186, "isis": 187, "ospf": 188,
			"rip": 189, "eigrp": 192}}
	routeRealms   = numbering{file: "rt_realms", what: "realm", most: 1<<16 - 1, names: map[string]uint32{"cosmos": 0}}
	serviceFields = numbering{file: "rt_dsfield", what: "type of service", most: 255, base: 16, names: map[string]uint32{"default": 0}}
	linkGroups    = numbering{file: "group", what: "link group", most: 1<<32 - 1, names: map[string]uint32{"default": 0}}
	ipProtocols   = numbering{what: "IP protocol", most: 255, names: map[string]uint32{"icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "udp": 17,
		"dccp": 33, "ipv6": 41, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "icmpv6": 58, "ospf": 89, "vrrp": 112, "sctp": 132, "udplite": 136}}
)

// number is the number word i gives, or names. A wrong one is reported.
func (d *decoder) number(of numbering, n *node, i int) (uint32, bool) {
	v, ok := d.lookup(of, n.words[i].s)
	if !ok {
		d.report(Warning, n.mark(i), "write a number, or a name from /etc/iproute2", "%q is no %s", n.words[i].s, of.what)
	}
	return v, ok
}

func (d *decoder) lookup(of numbering, word string) (uint32, bool) {
	digits := word
	if of.base == 16 {
		digits = strings.TrimPrefix(word, "0x")
	}
	if v, err := strconv.ParseUint(digits, of.base, 32); err == nil && v <= uint64(of.most) {
		return uint32(v), true
	}
	names := d.namesOf(of)
	v, ok := names[word]
	if !ok {
		v, ok = names[strings.ToLower(word)]
	}
	return v, ok && v <= of.most
}

// namesOf are the names of a numbering, read once.
func (d *decoder) namesOf(of numbering) map[string]uint32 {
	if of.file == "" {
		return of.names
	}
	if names := d.tables[of.file]; names != nil {
		return names
	}
	names := maps.Clone(of.names)
	for _, dir := range []string{or(d.globals.iprouteUsr, "/usr/share/iproute2"), or(d.globals.iprouteEtc, "/etc/iproute2")} {
		d.addNames(names, path.Join(dir, of.file))
		more, _ := fs.Glob(d.fsys, inFS(path.Join(dir, of.file+".d"))+"/*.conf") // the pattern is sound
		for _, name := range more {
			d.addNames(names, "/"+name)
		}
	}
	if d.tables == nil {
		d.tables = make(map[string]map[string]uint32)
	}
	d.tables[of.file] = names
	return names
}

// tableBytes is how much of a file of names is read.
const tableBytes = 1 << 20

// addNames reads lines of "NUMBER NAME". A file that is not there has none.
func (d *decoder) addNames(to map[string]uint32, name string) {
	content, err := d.readFile(name, tableBytes)
	if err != nil {
		return
	}
	lines := bufio.NewScanner(strings.NewReader(content))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		if v, err := strconv.ParseUint(words[0], 0, 32); err == nil {
			to[words[1]] = uint32(v)
		}
	}
}

// readFile is the content of a file that the configuration names, by its path on the host.
func (d *decoder) readFile(name string, most int64) (string, error) {
	info, err := fs.Stat(d.fsys, inFS(name))
	if err != nil {
		return "", reason(err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return "", errors.New("it is no regular file")
	}
	f, err := d.fsys.Open(inFS(name))
	if err != nil {
		return "", reason(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return "", reason(err)
	case int64(len(b)) > most:
		return "", errors.New("it is too large")
	}
	return string(b), nil
}

// inFS is a path of the host in a file system whose root is the host's.
func inFS(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }
