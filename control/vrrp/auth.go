package vrrp

import (
	"crypto/subtle"
	"fmt"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

// AuthType is the authentication type of version 2 (RFC 2338 5.3.6).
type AuthType uint8

// The types of RFC 2338.
const (
	AuthNone AuthType = 0
	AuthPass AuthType = 1
	AuthAH   AuthType = 2
)

func (t AuthType) String() string {
	switch t {
	case AuthNone:
		return "0 (none)"
	case AuthPass:
		return "1 (PASS)"
	case AuthAH:
		return "2 (AH)"
	}
	return fmt.Sprint(uint8(t))
}

// Auth is the authentication of a version 2 message: its type and the eight bytes that close the message.
type Auth struct {
	Type AuthType
	Data [8]byte // the password, zero padded
}

// NewPass is password authentication with the first eight bytes of password, zero padded (RFC 2338 5.3.10).
func NewPass(password string) Auth {
	a := Auth{Type: AuthPass}
	copy(a.Data[:], password)
	return a
}

// check compares what a message carries with what is configured. The time it takes does not tell how much of a
// password is right.
func (a Auth) check(got Auth) verdict.Verdict {
	switch {
	case got.Type != a.Type:
		return verdict.AuthType
	case a.Type == AuthPass && subtle.ConstantTimeCompare(got.Data[:], a.Data[:]) == 0:
		return verdict.AuthData
	}
	return verdict.Delivered
}
