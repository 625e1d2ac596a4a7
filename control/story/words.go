package story

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// clock is the time of day of an instant.
func (f *Facts) clock(at time.Duration) string { return f.Epoch.Add(at).Format("15:04:05.000") }

// span words a duration with four digits that matter: "3.414 s", "312.5 ms", "0.1 ms".
func span(d time.Duration) string {
	if d >= time.Second {
		return number(d.Seconds(), 3) + " s"
	}
	return number(float64(d)/float64(time.Millisecond), 1) + " ms"
}

// number writes a number without zeros at its end.
func number(x float64, digits int) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// who names a router by its address, and by its MAC if an advert of it was recorded.
func (f *Facts) who(addr netip.Addr) string {
	if a := f.last(addr); a != nil {
		return fmt.Sprintf("%v (%s)", addr, mac(a.MAC))
	}
	return addr.String()
}

func mac(m [6]byte) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}
