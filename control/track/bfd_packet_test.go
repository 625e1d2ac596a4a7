package track

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

var samplePacket = bfdPacket{
	diag: bfdNeighborDown, state: bfdInit, poll: true, demand: true, multiplier: 5, my: 0x01020304, your: 0xfffefdfc,
	desiredMinTx: time.Second, requiredRx: 10 * time.Millisecond, requiredEcho: time.Microsecond,
}

const sampleBytes = "23a20518" + "01020304" + "fffefdfc" + "000f4240" + "00002710" + "00000001"

func TestBFDPacket(t *testing.T) {
	b := samplePacket.appendTo(nil)
	if got := hex.EncodeToString(b); got != sampleBytes {
		t.Errorf("written %s, want %s", got, sampleBytes)
	}
	p, err := parseBFD(append(b, "what follows is no business of ours"...))
	if err != nil || p != samplePacket {
		t.Errorf("read %+v, %v; want %+v", p, err, samplePacket)
	}
}

// TestBFDPacketRefused: each check of RFC 5880 6.8.6 that needs no session.
func TestBFDPacketRefused(t *testing.T) {
	tests := map[string]struct {
		change func(b []byte) []byte
		want   string
	}{
		"empty":               {func([]byte) []byte { return nil }, "0 bytes"},
		"cut":                 {func(b []byte) []byte { return b[:23] }, "23 bytes"},
		"version 0":           {func(b []byte) []byte { b[0] &= 0x1f; return b }, "version 0"},
		"version 2":           {func(b []byte) []byte { b[0] = 2 << 5; return b }, "version 2"},
		"length too small":    {func(b []byte) []byte { b[3] = 23; return b }, "length field 23"},
		"length too large":    {func(b []byte) []byte { b[3] = 25; return b }, "length field 25"},
		"multiplier 0":        {func(b []byte) []byte { b[2] = 0; return b }, "detect multiplier 0"},
		"multipoint":          {func(b []byte) []byte { b[1] |= 1; return b }, "multipoint"},
		"authentication":      {func(b []byte) []byte { b[1] |= 4; return b }, "authentication"},
		"my discriminator":    {func(b []byte) []byte { copy(b[4:8], "\x00\x00\x00\x00"); return b }, "my discriminator is 0"},
		"your, in state Init": {func(b []byte) []byte { copy(b[8:12], "\x00\x00\x00\x00"); return b }, "your discriminator is 0 in state Init"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parseBFD(test.change(samplePacket.appendTo(nil))); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func FuzzBFDPacket(f *testing.F) {
	f.Add(samplePacket.appendTo(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseBFD(b)
		if err != nil {
			return
		}
		again := p.appendTo(nil)
		b[1] &^= 0x08 // control plane independence, which we neither read nor claim
		if b[3] = bfdPacketLen; !bytes.Equal(again, b[:bfdPacketLen]) {
			t.Errorf("%x read and written is %x", b[:bfdPacketLen], again)
		}
	})
}
