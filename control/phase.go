package control

import (
	"math/bits"

	"github.com/xvrrp/xvrrp/control/election"
)

// How many routers get one phase: as masters they speak at one moment, with one wake-up, which costs as much as some
// tens of adverts. The last of them leaves a millisecond after the first. What comes to a peer at once must find room in
// its socket, of which it has one a link: by default for some 270 adverts.
const (
	phaseBlock  = 512
	phaseOnLink = 128
)

// phases are the blocks of routers that were given one phase each.
type phases struct {
	filled []int              // routers in each
	links  map[string]inBlock // where the last of each link went
}

// inBlock is a block, and how many routers of one link it has.
type inBlock struct{ block, routers int }

// nextPhase is the phase of the next router to start on a link. Blocks of routers are spread over the interval, each new
// one into the widest gap that those before have left (van der Corput's sequence). Where all are one block, even on one
// link, there is nothing to gain, and everyone keeps the rhythm of its takeover.
func (d *daemon) nextPhase(link string) election.Phase {
	if len(d.routers) <= phaseOnLink {
		return 0
	}
	return d.phases.next(link)
}

func (p *phases) next(link string) election.Phase {
	at := p.links[link]
	if at.routers == phaseOnLink {
		at = inBlock{block: at.block + 1}
	}
	for at.block < len(p.filled) && p.filled[at.block] == phaseBlock {
		at = inBlock{block: at.block + 1}
	}
	if at.block == len(p.filled) {
		p.filled = append(p.filled, 0)
	}
	p.filled[at.block]++
	at.routers++
	p.links[link] = at
	return election.Phase(bits.Reverse16(uint16(at.block)) | 1) // 0 would be no phase
}
