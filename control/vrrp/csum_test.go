package vrrp

import "testing"

func TestInternetChecksum(t *testing.T) {
	for _, c := range []struct {
		name string
		of   []byte
		want uint16
	}{
		{"example of RFC 1071 3", []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, 0x220d},
		{"carry of a carry", []byte{0xff, 0xff, 0xff, 0xff, 0x00, 0x01}, 0xfffe},
		{"header of an advert", []byte{0x45, 0xc0, 0x00, 0x20, 0x00, 0x00, 0x40, 0x00, 0xff, 0x70, 0, 0, 192, 0, 2, 1, 224, 0, 0, 18}, 0xd899},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := InternetChecksum(c.of); got != c.want {
				t.Errorf("got %#04x, want %#04x", got, c.want)
			}
		})
	}
}
