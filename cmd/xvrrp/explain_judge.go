package main

import (
	"fmt"

	"github.com/xvrrp/xvrrp/control/vrrp"
	"github.com/xvrrp/xvrrp/loader"
	"github.com/xvrrp/xvrrp/loader/verdict"
)

// judge passes sentence on frames twice: by the codec, and by the kernel filter where it may be loaded.
type judge struct {
	subjects *subjects
	table    vrrp.Table
	filter   filter // nil where it cannot be loaded
}

// sentence is what became of one frame.
type sentence struct {
	frame   vrrp.Frame
	advert  vrrp.Advert
	verdict verdict.Verdict // the codec's
	why     string
	router  *subject // that the frame is for, if any

	filtered bool // the filter was asked
	filter   verdict.Verdict
}

// differ reports whether codec and filter disagree. The filter alone knows of repetition, of a full ring and of
// adverts in excess: all valid adverts are one.
func (s *sentence) differ() bool {
	return s.filtered && s.verdict != s.filter && !(s.verdict.Valid() && s.filter.Valid())
}

// newJudge prepares codec and filter for the routers. That the filter is missing is said, and no error.
func newJudge(a *app, s *subjects) (*judge, error) {
	j := &judge{subjects: s}
	f, err := a.openFilter()
	if err != nil {
		fmt.Fprintf(a.stderr, "xvrrp: the kernel filter is not asked, only the codec: %v\n", err)
	} else {
		j.filter = f
	}
	for vlan := range s.vlans {
		if err := j.setSegment(vlan); err != nil {
			j.close()
			return nil, fmt.Errorf("prepare the filter: %w", err)
		}
	}
	for i := range s.routers {
		if err := j.setRouter(s.routers[i]); err != nil {
			j.close()
			return nil, fmt.Errorf("prepare the filter: %w", err)
		}
	}
	return j, nil
}

func (j *judge) setSegment(vlan vrrp.VLAN) error {
	j.table.SetSegment(capturedLink, vlan, j.subjects.unknownDrop)
	if j.filter == nil {
		return nil
	}
	return j.filter.SetSegment(loader.Segment{Link: capturedLink, VLAN: vlan, UnknownDrop: j.subjects.unknownDrop})
}

func (j *judge) setRouter(s *subject) error {
	j.table.SetRouter(s.rules)
	if j.filter == nil {
		return nil
	}
	return j.filter.SetRouter(s.rules)
}

func (j *judge) close() {
	if j.filter != nil {
		j.filter.Close()
	}
}

// judge passes sentence on one frame.
func (j *judge) judge(frame []byte) (sentence, error) {
	if err := j.attend(frame); err != nil {
		return sentence{}, err
	}
	var s sentence
	s.frame, s.advert, s.verdict = vrrp.Judge(frame, capturedLink, &j.table)
	var rules *vrrp.Rules
	if id, ok := s.frame.ID(capturedLink); ok {
		s.router = j.subjects.find(id)
		rules = j.table.Router(id)
	}
	s.why = vrrp.Explain(s.frame, s.verdict, rules)
	if j.filter != nil {
		v, err := j.filter.Try(frame, loader.XDP)
		if err != nil {
			return s, fmt.Errorf("run the filter: %w", err)
		}
		s.filter, s.filtered = v, true
	}
	if s.verdict == verdict.Delivered {
		return s, j.follow(&s)
	}
	return s, nil
}

// attend puts a router that is only known by the capture where a unicast frame for it goes.
func (j *judge) attend(frame []byte) error {
	f, _ := vrrp.Dissect(frame)
	id, ok := f.ID(capturedLink)
	if !ok {
		return nil
	}
	r := j.subjects.find(id)
	if r == nil || r.learned == "" || len(r.rules.Peers) == 0 || r.rules.Own == f.Dst || f.Dst.IsMulticast() {
		return nil
	}
	r.rules.Own, r.rules.ID = f.Dst, id
	return j.setRouter(r)
}

// follow takes the sender of a good advert for the master from now on, where that makes a difference.
func (j *judge) follow(s *sentence) error {
	r := s.router
	if !r.rules.SkipAddrs || r.rules.Followed == s.frame.Src {
		return nil
	}
	r.rules.Followed = s.frame.Src
	return j.setRouter(r)
}
