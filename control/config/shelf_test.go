package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestShelf(t *testing.T) {
	blocks := []string{"a", strings.Repeat("long", bundleSize), "b"}
	for i := range 5000 {
		blocks = append(blocks, fmt.Sprintf("vrrp_instance router_%d {\n    virtual_router_id %d\n    interface eth0\n}\n", i, i%255))
	}
	p := newPacker()
	var places []shelved
	for _, b := range blocks {
		places = append(places, p.put(b))
	}
	p.close()
	for i, b := range blocks {
		if places[i] == (shelved{}) {
			t.Fatalf("block %d lies nowhere", i)
		}
		if i%100 < 3 && p.block(places[i]) != b {
			t.Errorf("block %d is %.40q, want %.40q", i, p.block(places[i]), b)
		}
	}
	kept, size := 0, 0
	for _, b := range p.bundles {
		kept += cap(b)
	}
	for _, b := range blocks {
		size += len(b)
	}
	if kept > size/5 {
		t.Errorf("%d bytes of blocks take %d", size, kept)
	}
}
