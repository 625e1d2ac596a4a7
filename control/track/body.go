package track

import (
	"bufio"
	"crypto/md5" // keepalived's digest: it tells pages apart and guards nothing
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxBody is how much of a body is read, in bytes. A longer one fails a digest; a pattern is looked for in its
// beginning.
const maxBody = 1 << 20

// judge reads a body and says what is wrong with it. It is never held in memory.
func (p Page) judge(body io.Reader) error {
	sum := md5.New()
	source := &meter{from: io.LimitReader(body, maxBody)}
	text := bufio.NewReader(io.TeeReader(source, sum))
	matches := p.Regex != nil && p.Regex.MatchReader(text)
	_, _ = io.Copy(io.Discard, text) // the rest; the meter keeps its error
	switch {
	case source.err != nil:
		return fmt.Errorf("the body breaks off after %d bytes: %s", source.read, plain(source.err))
	case p.Regex != nil && matches && p.RegexNot:
		return fmt.Errorf("the body matches %q", p.Regex)
	case p.Regex != nil && !matches && !p.RegexNot:
		return fmt.Errorf("the body does not match %q", p.Regex)
	case p.Digest == "":
		return nil
	}
	if _, err := io.ReadFull(body, make([]byte, 1)); err == nil {
		return fmt.Errorf("the body is longer than %d bytes, too long for a digest", maxBody)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, p.Digest) {
		return fmt.Errorf("the digest of the body is %s, want %s", got, strings.ToLower(p.Digest))
	}
	return nil
}

// meter counts what is read and keeps the error that ends it, which a regular expression would swallow.
type meter struct {
	from io.Reader
	read int
	err  error
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.from.Read(b)
	m.read += n
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}
