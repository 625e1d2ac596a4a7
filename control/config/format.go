// Formatting lays a file out anew and changes nothing else: comments, includes, conditions and definitions stay where
// they are. It takes lines apart as reading does, and knows no keywords but those of blocks that stand in no other.

package config

import "strings"

// indentation is that of one block.
const indentation = "    "

// Format is a file in its canonical layout: four blanks for each block, one between words, a brace at the end of the
// line that it belongs to or alone on one, and an empty line between the blocks outside all others. What it means
// stays, and Format of its result changes nothing.
func Format(text string) string {
	var f formatter
	text = strings.TrimPrefix(text, byteOrderMark)
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		f.line(strings.TrimRight(line, "\r"+blankBytes))
		text = rest
	}
	return string(f.out)
}

// formatter writes lines one after the other.
type formatter struct {
	out   []byte
	depth int    // open blocks
	last  layout // of the line before
	gap   bool   // an empty line is to stand before the next one

	defining bool // within a definition of several lines
	inner    int  // open blocks of it

	joinable int // length of out without the line break of the last line, if that is a statement a brace may still follow; 0: it is not
}

// layout is what the layout of the next line depends on.
type layout uint8

const (
	atTop     layout = iota // the file begins
	plain                   // a line like any other
	opens                   // its block is open now
	closes                  // it ended a block
	mayOpen                 // conditional: it opens a block, as may the next one in its place
	separates               // it ended a block outside all others
)

func (f *formatter) line(raw string) {
	end, _, open := codeEnd(raw)
	code, comment := strings.Trim(raw[:end], blankBytes), strings.TrimRight(raw[end:], blankBytes)
	switch {
	case f.defining:
		f.defined(raw, squeeze(code), comment)
	case strings.IndexByte(raw, 0) >= 0 || len(raw) > defaultLimits.lineBytes:
		f.write(0, raw, plain) // it is dropped, whatever it says
	case code == "" && comment == "":
		f.gap = f.last != atTop && f.last != opens
	case code == "":
		f.write(f.depth, comment, plain)
	case open || isDirective(code):
		f.directive(squeeze(code), comment)
	default:
		f.statements(squeeze(code), comment)
	}
}

// blankBytes are the blanks of isBlank.
const blankBytes = " \t\f\v"

// isDirective reports whether a line is to stay one: a condition or repetition concerns all of it, and what comes of
// definitions cannot be told.
func isDirective(code string) bool {
	return code[0] == '@' || code[0] == '~' || strings.Contains(code, "$") || strings.HasPrefix(code, "include")
}

// defined writes a line of a definition. It ends with a line that no backslash ends, or with an empty one.
func (f *formatter) defined(raw, code, comment string) {
	if strings.Trim(raw, blankBytes) == "" {
		f.defining = false
		f.out = append(f.out, '\n')
		return
	}
	opened, closed := braces(code)
	depth := f.depth + 1 + f.inner
	if strings.HasPrefix(code, "}") {
		depth--
	}
	f.inner = max(f.inner+opened-closed, 0)
	if code != "" && !strings.HasSuffix(code, `\`) {
		f.defining, f.inner = false, 0
	}
	f.write(max(depth, 0), spaced(code, comment), plain)
}

// directive writes a line that is not taken apart.
func (f *formatter) directive(code, comment string) {
	statement := code
	for strings.HasPrefix(statement, "@") {
		_, statement, _ = strings.Cut(statement, " ")
	}
	f.defining = definesLines(statement)
	opened, closed := braces(code)
	more := opened - closed
	again := f.last == mayOpen && f.depth > 0 // what the condition before would have opened
	f.begin(statement)
	depth, as := f.depth, plain
	switch {
	case f.defining:
		more = 0
	case more < 0 && strings.HasPrefix(statement, "}"):
		depth = max(depth+more, 0)
		as = closingAt(depth)
	case more > 0 && code[0] == '@':
		as = mayOpen
		if again && depth > 0 {
			depth, more = max(depth-more, 0), 0
		}
	case more > 0:
		as = opens
	}
	f.write(depth, spaced(code, comment), as)
	f.depth = max(f.depth+more, 0)
}

// definesLines reports whether a line begins a definition of several lines.
func definesLines(code string) bool {
	_, value, ok := definitionOf(text{s: code})
	return ok && strings.HasSuffix(value.s, `\`)
}

// statements writes the statements of a line, each on one of its own.
func (f *formatter) statements(code, comment string) {
	for code != "" {
		at := brace(code, 0)
		piece := strings.Trim(code[:at], blankBytes)
		rest := strings.Trim(code[min(at+1, len(code)):], blankBytes)
		note := ""
		if rest == "" {
			note = comment
		}
		switch {
		case at == len(code):
			f.begin(piece)
			f.write(f.depth, spaced(piece, note), plain)
			if note == "" {
				f.joinable = len(f.out) - 1
			}
		case code[at] == '{':
			f.open(piece, note)
		default:
			f.close(piece, rest == "", note)
		}
		code = rest
	}
}

// open writes a statement and the brace behind it, which may stand behind the last line.
func (f *formatter) open(statement, comment string) {
	f.begin(statement)
	if statement == "" && f.joinable > 0 {
		f.out = append(f.out[:f.joinable], " "+spaced("{", comment)+"\n"...)
		f.last, f.gap, f.joinable = opens, false, 0
	} else {
		f.write(f.depth, spaced(strings.TrimLeft(statement+" {", " "), comment), opens)
	}
	f.depth++
}

// close writes what stands before a brace that ends a block, and that brace.
func (f *formatter) close(statement string, ends bool, comment string) {
	if statement != "" {
		f.begin(statement)
		f.write(f.depth, statement, plain)
	}
	f.depth = max(f.depth-1, 0)
	if !ends {
		comment = ""
	}
	f.write(f.depth, spaced("}", comment), closingAt(f.depth))
}

// closingAt is the layout of a line that ends a block which stands in so many others.
func closingAt(depth int) layout {
	if depth == 0 {
		return separates
	}
	return closes
}

// begin notices that a block which stands in no other begins: a brace is missing before it, or two conditions opened
// what one brace has closed.
func (f *formatter) begin(statement string) {
	keyword, _, _ := strings.Cut(statement, " ")
	if f.depth > 0 && standsAlone(keyword) {
		f.depth = 0
	}
}

// standsAlone reports whether a keyword is that of a block which can stand in no other.
func standsAlone(keyword string) bool {
	if !outermost(keyword) {
		return false
	}
	for _, r := range top.rows {
		if r.body.row(keyword) != nil {
			return false
		}
	}
	return true
}

// write writes a line.
func (f *formatter) write(depth int, text string, as layout) {
	closing := as == closes || as == separates
	if f.last == separates || f.gap && !closing {
		f.out = append(f.out, '\n')
	}
	f.out = append(f.out, strings.Repeat(indentation, depth)+text+"\n"...)
	f.last, f.gap, f.joinable = as, false, 0
}

// spaced is a line of code and its comment, of which one may be empty.
func spaced(code, comment string) string {
	if code == "" || comment == "" {
		return code + comment
	}
	return code + " " + comment
}

// braces counts those of a line that open and close blocks.
func braces(code string) (opened, closed int) {
	for i := brace(code, 0); i < len(code); i = brace(code, i+1) {
		if r, ok := referenceBefore(code, i); ok {
			i = r.to - 1
		} else if code[i] == '{' {
			opened++
		} else {
			closed++
		}
	}
	return opened, closed
}

// referenceBefore is the reference whose brace is at offset i: ${NAME}.
func referenceBefore(code string, i int) (reference, bool) {
	if i == 0 || code[i-1] != '$' {
		return reference{}, false
	}
	return referenceAt(code, i-1)
}

// squeeze leaves one blank between words. What is quoted stays, as does a blank behind a backslash.
func squeeze(code string) string {
	if !strings.ContainsAny(code, "\t\f\v") && !strings.Contains(code, "  ") {
		return code
	}
	var b strings.Builder
	quote := byte(0)
	for i := range len(code) {
		c := code[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case isBlank(c) && isBlank(code[i-1]) && (i < 2 || code[i-2] != '\\'):
			continue
		case isBlank(c) && code[i-1] != '\\':
			c = ' '
		}
		b.WriteByte(c)
	}
	return b.String()
}
