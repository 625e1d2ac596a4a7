package api

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

// callerKey is where the context of a request holds who is at the other end of its connection.
type callerKey struct{}

// withCaller notes whose process has connected.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	u, is := c.(*net.UnixConn)
	if !is {
		return ctx
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return ctx
	}
	var peer *syscall.Ucred
	raw.Control(func(fd uintptr) {
		peer, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if peer == nil || err != nil {
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, fmt.Sprintf("uid %d", peer.Uid))
}

// caller is who sent the request of a context, in words.
func caller(ctx context.Context) string {
	if by, known := ctx.Value(callerKey{}).(string); known {
		return by
	}
	return "an unknown user"
}
