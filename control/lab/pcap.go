package lab

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The header of a capture file in the classic format (draft-ietf-opsawg-pcap), with nanoseconds.
const (
	pcapMagic    = 0xa1b23c4d
	pcapMajor    = 2
	pcapMinor    = 4
	pcapEthernet = 1
)

// WritePcap writes frames as a capture file, for tcpdump, wireshark and xvrrp explain.
func WritePcap(w io.Writer, frames []Frame) error {
	var b []byte
	b = binary.LittleEndian.AppendUint32(b, pcapMagic)
	b = binary.LittleEndian.AppendUint16(b, pcapMajor)
	b = binary.LittleEndian.AppendUint16(b, pcapMinor)
	b = append(b, make([]byte, 8)...) // time zone and accuracy, always 0
	b = binary.LittleEndian.AppendUint32(b, maxFrame)
	b = binary.LittleEndian.AppendUint32(b, pcapEthernet)
	for _, f := range frames {
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Wall.Unix()))
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Wall.Nanosecond()))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Data)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Data)))
		b = append(b, f.Data...)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}
