package control

import (
	"math/bits"

	"github.com/xvrrp/xvrrp/control/election"
)

// phaseBlock is how many routers get one phase: as masters they speak at one moment, with one wake-up. A wake-up costs as
// much as some tens of adverts, and the last advert of a block leaves half a millisecond after the first.
const phaseBlock = 128

// nextPhase is the phase of the next router to start. Blocks of routers are spread over the interval, each new one into
// the widest gap that those before have left (van der Corput's sequence). Where all are one block there is nothing to
// gain, and everyone keeps the rhythm of its takeover.
func (d *daemon) nextPhase() election.Phase {
	if len(d.routers) <= phaseBlock {
		return 0
	}
	block := d.phased / phaseBlock
	d.phased++
	return election.Phase(bits.Reverse16(block) | 1) // 0 would be no phase
}
