package main

import (
	"encoding/binary"
	"io"
	"time"
)

// captureWriter writes the classic capture format of Ethernet links, with time stamps in nanoseconds.
type captureWriter struct{ out io.Writer }

// newCaptureWriter writes the file header.
func newCaptureWriter(w io.Writer) (*captureWriter, error) {
	h := binary.LittleEndian.AppendUint32(nil, pcapNano)
	h = append(h, 2, 0, 4, 0)             // version 2.4 of the format
	h = append(h, 0, 0, 0, 0, 0, 0, 0, 0) // times are in UTC; nobody knows how exact
	h = binary.LittleEndian.AppendUint32(h, longestFrame)
	h = binary.LittleEndian.AppendUint32(h, linkEthernet)
	_, err := w.Write(h)
	return &captureWriter{w}, err
}

// write adds a frame that was length bytes long on the wire.
func (c *captureWriter) write(at time.Time, frame []byte, length int) error {
	b := make([]byte, 0, pcapRecordLen+len(frame))
	for _, n := range []int{int(at.Unix()), at.Nanosecond(), len(frame), length} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	_, err := c.out.Write(append(b, frame...))
	return err
}
