// Secrets stay out of problems: lines are shown without them.

package config

import "strings"

// secretMask stands for a secret of any length.
const secretMask = "********"

// show is the line of a mark without what follows a keyword that takes a secret, to the end of the line (comments
// repeat passwords, too), and the width of the mark on it.
func (m mark) show() (string, int) {
	l := m.line
	if l.shown == "" {
		l.shown, l.hidden = l.raw, secretStart(l.raw)
		if l.hidden >= 0 {
			l.shown = l.raw[:l.hidden] + secretMask
		}
	}
	if l.hidden >= 0 && int(m.col)-1 >= l.hidden {
		return l.shown, len(secretMask)
	}
	return l.shown, int(m.width)
}

// secretStart is the offset of the first byte to hide in a line, -1 if there is none. A misspelt keyword hides
// its value as well.
func secretStart(raw string) int {
	first := true // no keyword stands before the word
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '{' || c == '}':
			first = true
			i++
			continue
		case c == '"' || isBlank(c):
			i++
			continue
		}
		end := i
		for end < len(raw) && !isBlank(raw[end]) && strings.IndexByte(`{}"`, raw[end]) < 0 {
			end++
		}
		word := raw[i:end]
		if next := skipBlanks(raw, end); next < len(raw) && (namesSecret(word) || first && word == "key") {
			return next
		}
		if name, value, ok := strings.Cut(word, "="); ok && value != "" && strings.HasPrefix(name, "$") && definesSecret(name) {
			return i + len(name) + 1
		}
		first = first && word[0] == '@'
		i = end
	}
	return -1
}

func namesSecret(word string) bool {
	return len(word) > 6 && (distance(word, "auth_pass") <= 2 || distance(word, "password") <= 2 || distance(word, "smtp_password") <= 3)
}

// definesSecret guesses from the name of a definition.
func definesSecret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "pass") || strings.Contains(name, "secret") || strings.Contains(name, "key")
}
