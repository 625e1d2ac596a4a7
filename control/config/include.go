// Includes: finding files by pattern. Only regular files are read, and none inside itself.

package config

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// includes are the keywords that read another file, and what each demands of its pattern.
var includes = map[string]demand{
	"include":  {},
	"includer": {readable: true},
	"includem": {readable: true, match: true},
	"includew": {readable: true, match: true, wildcard: true},
	"includeb": {readable: true, match: true, braces: true},
	"includea": {readable: true, match: true, wildcard: true, braces: true},
}

// demand is what must hold or be an error: every file can be read; a plain name, a pattern with wildcards and
// every alternative between braces name at least one file.
type demand struct{ readable, match, wildcard, braces bool }

// include reads the files of "include pattern"; it answers false if t is none. A brace behind the pattern is a
// line of its own.
func (e *expander) include(t text, depth int) bool {
	if !strings.HasPrefix(t.s, "include") {
		return false
	}
	words := appendWords(nil, t.s)
	want, ok := includes[words[0].s]
	if !ok {
		return false
	}
	if e.open[len(e.open)-1].given {
		e.report(Error, t.whole(), "write what the file holds in its place", "%s is for files; line dropped", words[0].s)
		return true
	}
	if len(words) < 2 || words[1].s == "" {
		e.report(Warning, t.whole(), "write the name of a file or a pattern behind it", "%s names no file", words[0].s)
		return true
	}
	e.includeFiles(t, words[0].s, words[1], want)
	if rest := t.rest(int(words[1].to)); strings.HasPrefix(rest.s, "{") || strings.HasPrefix(rest.s, "}") {
		e.line(rest, depth)
	}
	return true
}

// includeFiles reads what the pattern of an include names.
func (e *expander) includeFiles(t text, keyword string, w word, want demand) {
	m := t.mark(int(w.from), int(w.to))
	from := e.open[len(e.open)-1]
	found := 0
	for _, pattern := range alternatives(w.s) {
		n := e.includePattern(from, pattern, want, t.via, m)
		if n == 0 && want.braces {
			e.report(Error, m, "", "no file matches %s", pattern)
		}
		found += n
	}
	plain := !strings.ContainsAny(w.s, "*?[")
	switch {
	case found > 0 || want.braces:
	case plain && want.match || !plain && want.wildcard:
		e.report(Error, m, "", "%s: no file matches %s", keyword, w.s)
	case plain:
		e.report(Warning, m, "create the file or remove the line", "the file to include is not there: %s", w.s)
	}
}

// includePattern reads the files of one pattern without braces and answers how many names matched.
func (e *expander) includePattern(from *file, pattern string, want demand, up *via, m mark) int {
	if !strings.HasPrefix(pattern, "/") {
		pattern = path.Join(path.Dir(from.path), pattern)
	}
	names := e.glob(strings.TrimPrefix(path.Clean("/"+pattern), "/"))
	for _, name := range names {
		label := labelOf(from, name)
		if err := e.includeFile(name, label, &via{up: up, by: m}); err != nil {
			severity := Warning
			if want.readable {
				severity = Error
			}
			e.report(severity, m, "", "include skips %s: %v", label, err)
		}
		if e.stopped {
			break
		}
	}
	return len(names)
}

// labelOf is how a file is shown that another one includes: like that one, from the directory it lies in, or
// with its whole path.
func labelOf(from *file, name string) string {
	if dir := path.Dir(from.path); dir != "." {
		rest, inside := strings.CutPrefix(name, dir+"/")
		if !inside {
			return "/" + name
		}
		name = rest
	}
	return path.Join(path.Dir(from.name), name)
}

// glob is the files that match a pattern, sorted. As in the shell, wildcards do not match a leading dot.
func (e *expander) glob(pattern string) []string {
	names, err := fs.Glob(e.fsys, strings.ReplaceAll(pattern, "[!", "[^"))
	if err != nil {
		return nil
	}
	want := strings.Split(pattern, "/")
	names = slices.DeleteFunc(names, func(name string) bool {
		for i, part := range strings.Split(name, "/") {
			if strings.HasPrefix(part, ".") && !strings.HasPrefix(want[i], ".") {
				return true
			}
		}
		return false
	})
	slices.Sort(names)
	return names
}

// alternatives expands a{b,c{d,e}} to ab, acd and ace. Braces that do not close stand for themselves.
func alternatives(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}
	}
	depth, from := 0, open+1
	var parts []string
	for i := open; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			parts = append(parts, pattern[from:i])
			from = i + 1
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			var out []string
			for _, p := range append(parts, pattern[from:i]) {
				out = append(out, alternatives(pattern[:open]+p+pattern[i+1:])...)
				if len(out) >= maxAlternatives {
					return out[:maxAlternatives]
				}
			}
			return out
		}
	}
	return []string{pattern}
}

// maxAlternatives bounds the patterns one include expands to.
const maxAlternatives = 1000

// includeFile reads one included file. Like keepalived it takes regular files only that are not executable.
func (e *expander) includeFile(name, label string, link *via) error {
	info, err := fs.Stat(e.fsys, name)
	if err != nil {
		return reason(err)
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	if info.Mode().Perm()&0o111 != 0 {
		return errors.New("it is executable")
	}
	for _, f := range e.open {
		if f.path == name {
			return errors.New("it includes itself")
		}
	}
	if len(e.open) >= e.max.includeDepth {
		return errors.New("files include each other too deep")
	}
	return e.read(name, label, link)
}
