package api

import (
	"fmt"
	"net/http"
)

// caller is who sent a request, in words.
func caller(r *http.Request) string {
	if p := peerIn(r); p != nil {
		return fmt.Sprintf("uid %d", p.uid)
	}
	return "an unknown user"
}
