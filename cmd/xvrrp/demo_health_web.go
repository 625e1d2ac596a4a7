package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/xvrrp/xvrrp/control/lab"
)

// webPort is where the demo's web servers listen.
const webPort = 80

// What the page /health says.
const (
	healthyPage = "all is well\n"
	sickPage    = "no database\n" // with status 200: only who reads it knows
)

// webServer is a web server that can fail in more than one way.
type webServer struct {
	host *lab.Host
	addr netip.Addr
	sick atomic.Bool // it answers, but wrongly

	server *http.Server // nil while the port is closed
	served sync.WaitGroup
}

// open opens the port.
func (w *webServer) open() error {
	var l net.Listener
	err := w.host.Do(func() (err error) {
		l, err = net.Listen("tcp", netip.AddrPortFrom(w.addr, webPort).String())
		return err
	})
	if err != nil {
		return fmt.Errorf("web server on %s: %w", w.host.Name, err)
	}
	w.server = &http.Server{Handler: w}
	w.served.Go(func() { _ = w.server.Serve(l) }) // ends when close says so
	return nil
}

// close closes the port, if it is open.
func (w *webServer) close() error {
	if w.server == nil {
		return nil
	}
	err := w.server.Close()
	w.served.Wait()
	w.server = nil
	return err
}

// ServeHTTP answers.
func (w *webServer) ServeHTTP(out http.ResponseWriter, _ *http.Request) {
	page := healthyPage
	if w.sick.Load() {
		page = sickPage
	}
	_, _ = io.WriteString(out, page) // whoever hangs up does not want it
}
