package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"
)

// pcapFile builds a capture with one frame of three bytes.
func pcapFile(order binary.AppendByteOrder, magic, link uint32, fraction uint32) []byte {
	b := order.AppendUint32(nil, magic)
	b = append(b, make([]byte, 16)...)
	b = order.AppendUint32(b, link)
	for _, v := range []uint32{1700000000, fraction, 3, 60} {
		b = order.AppendUint32(b, v)
	}
	return append(b, 1, 2, 3)
}

func TestCaptureForms(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		at   time.Time
	}{
		{"little endian, microseconds", pcapFile(binary.LittleEndian, pcapMicro, 1, 250), time.Unix(1700000000, 250_000)},
		{"big endian, microseconds", pcapFile(binary.BigEndian, pcapMicro, 1, 250), time.Unix(1700000000, 250_000)},
		{"little endian, nanoseconds", pcapFile(binary.LittleEndian, pcapNano, 1, 250), time.Unix(1700000000, 250)},
		{"big endian, nanoseconds", pcapFile(binary.BigEndian, pcapNano, 1, 250), time.Unix(1700000000, 250)},
		{"frame check sequence bits in the link type", pcapFile(binary.LittleEndian, pcapMicro, 1|0x5<<28, 0), time.Unix(1700000000, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := openCapture(bytes.NewReader(c.file))
			if err != nil {
				t.Fatal(err)
			}
			p, err := in.next()
			if err != nil {
				t.Fatal(err)
			}
			if !p.at.Equal(c.at) || p.length != 60 || !bytes.Equal(p.data, []byte{1, 2, 3}) {
				t.Errorf("got %v %d % x", p.at, p.length, p.data)
			}
			if _, err := in.next(); err != io.EOF {
				t.Errorf("after the last packet: %v", err)
			}
		})
	}
}

func TestCapturesThatCannotBeRead(t *testing.T) {
	good := pcapFile(binary.LittleEndian, pcapMicro, 1, 0)
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"empty", nil, "shorter than a header"},
		{"text", []byte("vrrp_instance {}\n"), "begins with"},
		{"pcapng", []byte{0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0}, "editcap"},
		{"header cut", good[:20], "inside its header"},
		{"cooked", pcapFile(binary.LittleEndian, pcapMicro, linkCooked, 0), "tcpdump -i"},
		{"wireless", pcapFile(binary.LittleEndian, pcapMicro, 105, 0), "link type 105"},
		{"packet header cut", good[:30], "inside a packet header"},
		{"packet cut", good[:len(good)-1], "inside a packet"},
		{"absurd length", append(append([]byte{}, good[:32]...), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := openCapture(bytes.NewReader(c.file))
			if err == nil {
				_, err = in.next()
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
