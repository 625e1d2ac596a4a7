// The second tokenizer: words as a shell would see them, for keywords that take a command.

package config

import "strings"

// shellWords splits a command: blanks separate, " and ' group, pieces that touch are one word, a backslash
// begins an escape. open says that a quote is not closed.
func shellWords(s string) (words []string, open bool) {
	var b strings.Builder
	var quote byte
	inWord := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			decoded, n := unescape(s[i+1:])
			b.WriteByte(decoded)
			inWord = true
			i += n
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
			inWord = true
		case quote == 0 && isBlank(c):
			if inWord {
				words = append(words, b.String())
				b.Reset()
			}
			inWord = false
		default:
			b.WriteByte(c)
			inWord = true
		}
		i++
	}
	if inWord {
		words = append(words, b.String())
	}
	return words, quote != 0
}

// unescape is the byte an escape stands for and how many bytes of s, which follow the backslash, it takes.
func unescape(s string) (byte, int) {
	switch s[0] {
	case 'a':
		return '\a', 1
	case 'b':
		return '\b', 1
	case 'E':
		return 0x1b, 1
	case 'f':
		return '\f', 1
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'v':
		return '\v', 1
	case 'c':
		if len(s) > 1 {
			return s[1] & 0x1f, 2
		}
	case 'x':
		if n := digits(s[1:], "0123456789abcdefABCDEF", len(s)); n > 0 {
			return number(s[1:1+n], 16), 1 + n
		}
	default:
		if n := digits(s, "01234567", 3); n > 0 {
			return number(s[:n], 8), n
		}
	}
	return s[0], 1
}

func digits(s, set string, most int) int {
	n := 0
	for n < len(s) && n < most && strings.IndexByte(set, s[n]) >= 0 {
		n++
	}
	return n
}

// number is the value of digits, cut to a byte.
func number(s string, base int) byte {
	v := 0
	for _, c := range []byte(strings.ToLower(s)) {
		v = (v*base + strings.IndexByte("0123456789abcdef", c)) & 0xff
	}
	return byte(v)
}
