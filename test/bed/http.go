package bed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Get asks the machine's daemon over plain HTTP, on the machine itself.
func (m *Machine) Get(port int, path string) (status int, body string) {
	m.Site.T.Helper()
	var conn net.Conn
	m.Do(func() (err error) {
		conn, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err
	})
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path); err != nil {
		m.Site.T.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		m.Site.T.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		m.Site.T.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
