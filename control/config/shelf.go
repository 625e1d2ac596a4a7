package config

import (
	"bytes"
	"compress/flate"
	"io"
)

// shelf keeps the blocks of the file's routers for those few that will be edited. Blocks are much alike: compressed
// together they take a tenth of what they are.
type shelf struct{ bundles [][]byte }

// shelved is where a block is. Its zero value is nowhere: no block is empty.
type shelved struct{ bundle, from, to uint32 }

// block is one that was put there.
func (s *shelf) block(at shelved) string {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(s.bundles[at.bundle])))
	if err != nil {
		panic("config: a bundle of blocks cannot be read: " + err.Error())
	}
	return string(text[at.from:at.to])
}

// packer fills a shelf.
type packer struct {
	shelf
	open  bytes.Buffer // the blocks of the bundle that is not full yet
	flate *flate.Writer
}

// bundleSize is how much text is compressed together: what flate looks back at.
const bundleSize = 32 << 10

func newPacker() *packer {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // there is this level
	return &packer{flate: w}
}

// put takes a block. It can be had once the packer is closed.
func (p *packer) put(block string) shelved {
	if p.open.Len()+len(block) > bundleSize {
		p.close()
	}
	from := uint32(p.open.Len())
	p.open.WriteString(block)
	return shelved{uint32(len(p.bundles)), from, uint32(p.open.Len())}
}

// close ends the last bundle.
func (p *packer) close() {
	var packed bytes.Buffer
	p.flate.Reset(&packed)
	_, _ = p.open.WriteTo(p.flate) // a buffer takes everything
	_ = p.flate.Close()
	p.bundles = append(p.bundles, bytes.Clone(packed.Bytes()))
}
