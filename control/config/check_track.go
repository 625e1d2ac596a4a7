// Trackers made whole, and the rules for tracking them: a weight comes from the line or from the tracker, and some do
// not count.

package config

import (
	"time"
)

// What holds where a tracker gives nothing.
const (
	defaultScriptInterval = time.Second
	defaultFactor         = 1 // of the number in a file
	defaultBFDInterval    = 10 * time.Millisecond
	defaultBFDIdle        = time.Second
	defaultBFDMultiplier  = 5
	defaultBFDHopLimit    = 64 // as in keepalived; TTL is 255
	anyHops               = 255
)

// trackerName is what a track_ line names.
type trackerName struct {
	kind TrackKind
	name string
}

// trackers are the trackers that can be tracked.
func (c *checker) trackers() Trackers {
	c.weights = make(map[trackerName]weight)
	return Trackers{Scripts: c.trackScripts(), Files: c.trackFiles(), Processes: c.trackProcesses(), BFDs: c.trackBFDs(), Checks: c.trackChecks()}
}

// useless reports a tracker that lacks what it cannot do without.
func (c *checker) useless(at mark, keyword, name, lacks string) {
	c.report(Warning, at, "add "+lacks, "%s %s has no %s; it is removed", keyword, name, lacks)
}

func (c *checker) trackScripts() []Script {
	var out []Script
	for _, s := range c.scripts {
		if len(s.Command.Argv) == 0 {
			c.useless(s.at, "vrrp_script", s.Name, "script")
			continue
		}
		s.Interval = s.interval.or(defaultScriptInterval)
		s.Timeout = s.timeout.or(s.Interval)
		s.Rise, s.Fall = s.rise.or(1), s.fall.or(1)
		c.weights[trackerName{TrackScript, s.Name}] = s.weight.v
		out = append(out, s.Script)
	}
	return out
}

func (c *checker) trackFiles() []File {
	var out []File
	for _, f := range c.files {
		if f.Path == "" {
			c.useless(f.at, "track_file", f.Name, "file")
			continue
		}
		c.weights[trackerName{TrackFile, f.Name}] = f.weight.or(weight{n: defaultFactor})
		out = append(out, f.File)
	}
	return out
}

func (c *checker) trackProcesses() []Process {
	var out []Process
	for _, p := range c.processes {
		if len(p.Argv) == 0 {
			c.useless(p.at, "vrrp_track_process", p.Name, "process")
			continue
		}
		p.Match = MatchName
		if len(p.Argv) > 1 || p.match.ok {
			p.Match = p.match.or(MatchExact)
			p.FullCommand = true // nothing else holds parameters
		}
		p.Quorum, p.QuorumMax = p.quorum.or(1), p.most.or(-1)
		if p.most.ok && p.QuorumMax < p.Quorum {
			if p.quorum.ok {
				c.report(Warning, p.most.at, "", "vrrp_track_process %s: quorum_max %d is below quorum %d; there is no limit", p.Name, p.QuorumMax, p.Quorum)
				p.QuorumMax = -1
			} else {
				p.Quorum = 0 // quorum_max 0 alone: no such process may run
			}
		}
		p.ForkDelay, p.TerminateDelay = p.fork.or(p.delay.v), p.terminate.or(p.delay.v)
		c.weights[trackerName{TrackProcess, p.Name}] = p.weight.v
		out = append(out, p.Process)
	}
	return out
}

func (c *checker) trackBFDs() []BFD {
	var out []BFD
	for _, b := range c.bfds {
		if !b.Neighbor.IsValid() {
			c.useless(b.at, "bfd_instance", b.Name, "neighbor_ip")
			continue
		}
		if b.source.ok && b.source.v.Is6() != b.Neighbor.Is6() {
			c.report(Warning, b.source.at, "", "bfd_instance %s: source_ip is not of the neighbor's family; ignored", b.Name)
		} else {
			b.Source = b.source.v
		}
		b.MinRx, b.MinTx = b.minRx.or(defaultBFDInterval), b.minTx.or(defaultBFDInterval)
		b.IdleTx = b.idleTx.or(defaultBFDIdle)
		b.Multiplier = b.multiplier.or(defaultBFDMultiplier)
		b.TTL = b.ttl.or(defaultTTL)
		if b.Neighbor.Is6() {
			b.TTL = b.hopLimit.or(defaultBFDHopLimit)
		}
		if b.MaxHops = b.maxHops.or(0); b.MaxHops == anyHops {
			b.MaxHops = -1
		}
		c.weights[trackerName{TrackBFD, b.Name}] = b.weight.v
		out = append(out, b.BFD)
	}
	return out
}

// resolved is a track and whether its line, not the tracker, gave the weight.
type resolved struct {
	Track
	at     mark
	chosen bool
}

// resolve finds the trackers of a router or group. What is not defined, or tracked already, is left out.
func (c *checker) resolve(p *party, who string) []resolved {
	var out []resolved
	seen := make(map[trackerName]bool, len(p.tracks))
	for _, line := range p.tracks {
		key := trackerName{line.kind, line.name}
		own, defined := c.weights[key]
		switch {
		case seen[key]:
			c.report(Warning, line.at, "remove one of the two", "%s tracks %s %s already; line ignored", who, line.kind, line.name)
			continue
		case !defined && line.kind != TrackInterface:
			c.exacting = c.edited != nil
			c.report(Warning, line.at, "define it, or correct its name", "%s: %s %s is not defined; line ignored", who, line.kind, line.name)
			c.exacting = false
			continue
		}
		seen[key] = true
		t := Track{Pos: line.at.pos(), Kind: line.kind, Name: line.name, Weight: line.weight.or(own.n), Reverse: line.reverse.or(own.reverse)}
		out = append(out, resolved{t, line.at, line.weight.ok})
	}
	return out
}

// ownTracks are the trackers of a router itself.
func (c *checker) ownTracks(dr *draft) {
	if len(dr.tracks) == 0 {
		return
	}
	for _, t := range c.resolve(&dr.party, dr.Name) {
		if t.Kind == TrackInterface && t.Name == dr.Interface && dr.Interface != "" {
			c.warn(dr, t.at, "remove the line; dont_track_primary stops that", "it tracks its own interface in any case; line ignored")
			continue
		}
		dr.resolved = append(dr.resolved, t)
	}
	if dr.Priority == ownerPriority {
		dr.resolved = c.unweighted(dr.resolved, dr.Name, "an owner's priority never changes", false)
	}
	dr.Tracks = plainTracks(dr.resolved)
}

// unweighted takes weights away as keepalived does: a tracker with a weight is left out, but for interfaces of members
// of a group and for files whose line gives none, which become faults.
func (c *checker) unweighted(tracks []resolved, who, why string, keepLinks bool) []resolved {
	var out []resolved
	for _, t := range tracks {
		switch {
		case t.Weight == 0:
		case t.Kind == TrackInterface && keepLinks, t.Kind == TrackFile && !t.chosen:
			c.report(Warning, t.at, "write weight 0", "%s: %s, so the weight of %s %s is 0", who, why, t.Kind, t.Name)
			t.Weight = 0
		default:
			c.report(Warning, t.at, "remove the line, or write weight 0", "%s: %s, so %s %s with its weight is ignored", who, why, t.Kind, t.Name)
			continue
		}
		out = append(out, t)
	}
	return out
}

func plainTracks(tracks []resolved) []Track {
	var out []Track
	for _, t := range tracks {
		out = append(out, t.Track)
	}
	return out
}
