package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// This file reads the classic capture format (draft-ietf-opsawg-pcap) of Ethernet links, and names the remedy for
// captures in another form.

const (
	pcapMicro = 0xa1b2c3d4 // time stamps in microseconds
	pcapNano  = 0xa1b23c4d // in nanoseconds
	pcapNG    = 0x0a0d0d0a // a section header block: the successor format

	pcapHeaderLen = 24
	pcapRecordLen = 16

	linkEthernet = 1
	linkCooked   = 113 // tcpdump -i any
	linkCooked2  = 276

	longestFrame = 256 << 10 // the largest snap length in use
)

// packet is one captured frame.
type packet struct {
	at     time.Time
	length int    // on the wire; data may hold fewer bytes
	data   []byte // from the Ethernet header on
}

// capture reads packets one by one.
type capture struct {
	in    *bufio.Reader
	order binary.ByteOrder
	tick  time.Duration // unit of the fraction of a time stamp
}

// openCapture reads the file header.
func openCapture(r io.Reader) (*capture, error) {
	c := &capture{in: bufio.NewReader(r)}
	var h [pcapHeaderLen]byte
	if _, err := io.ReadFull(c.in, h[:4]); err != nil {
		return nil, errors.New("not a capture: the file is shorter than a header")
	}
	if err := c.recognise(h[:4]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(c.in, h[4:]); err != nil {
		return nil, errors.New("not a capture: the file ends inside its header")
	}
	switch link := c.order.Uint32(h[20:]) & 0xffff; link {
	case linkEthernet:
		return c, nil
	case linkCooked, linkCooked2:
		return nil, errors.New("the capture was taken on all interfaces at once and lacks Ethernet headers: capture on one, as in tcpdump -i ens160 -w FILE")
	default:
		return nil, fmt.Errorf("the capture is of link type %d, not Ethernet (%d)", link, linkEthernet)
	}
}

// recognise sets byte order and unit of time by the first four bytes.
func (c *capture) recognise(magic []byte) error {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(magic) {
		case pcapMicro:
			c.order, c.tick = order, time.Microsecond
			return nil
		case pcapNano:
			c.order, c.tick = order, time.Nanosecond
			return nil
		case pcapNG:
			return errors.New("the capture is in pcapng form: convert it with editcap -F pcap IN OUT, or with tcpdump -r IN -w OUT")
		}
	}
	return fmt.Errorf("not a capture: it begins with % x", magic)
}

// next returns the next packet, or io.EOF after the last.
func (c *capture) next() (packet, error) {
	var h [pcapRecordLen]byte
	if _, err := io.ReadFull(c.in, h[:]); err == io.EOF {
		return packet{}, io.EOF
	} else if err != nil {
		return packet{}, errors.New("the capture ends inside a packet header")
	}
	captured := c.order.Uint32(h[8:])
	if captured > longestFrame {
		return packet{}, fmt.Errorf("the capture is damaged: a packet claims %d bytes", captured)
	}
	p := packet{
		at:     time.Unix(int64(c.order.Uint32(h[0:])), int64(c.order.Uint32(h[4:]))*int64(c.tick)).UTC(),
		length: int(c.order.Uint32(h[12:])),
		data:   make([]byte, captured),
	}
	if _, err := io.ReadFull(c.in, p.data); err != nil {
		return packet{}, errors.New("the capture ends inside a packet")
	}
	return p, nil
}
