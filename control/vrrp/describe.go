package vrrp

import (
	"fmt"
	"net/netip"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// This file names the forms an advert can take, for operators and JSON alike.

// The answers of ChecksumForm.
const (
	ChecksumMessage = "message"       // RFC 9568 over IPv4, and version 2
	ChecksumPseudo  = "pseudo-header" // keepalived and FRR over IPv4, and all IPv6
	ChecksumWrong   = "wrong"
	ChecksumUnknown = "unknown" // the message is not whole
)

// ChecksumForm is what a message's checksum covers.
func ChecksumForm(message []byte, src, dst netip.Addr) string {
	switch a, v := Parse(message, src, dst); {
	case v == verdict.BadChecksum:
		return ChecksumWrong
	case v != verdict.Delivered:
		return ChecksumUnknown
	case src.Is6() || a.Checksum == Pseudo || a.Checksum == OldUnicast:
		return ChecksumPseudo
	}
	return ChecksumMessage
}

// AuthKind is how an advert is authenticated: none, pass, ah, hmac, or the number of a type that RFC 2338 does not have.
func (a *Advert) AuthKind() string {
	switch {
	case a.Trailer != nil:
		return "hmac"
	case a.Auth.Type == AuthNone:
		return "none"
	case a.Auth.Type == AuthPass:
		return "pass"
	case a.Auth.Type == AuthAH:
		return "ah"
	}
	return fmt.Sprint(uint8(a.Auth.Type))
}
