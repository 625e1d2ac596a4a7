package bed

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// Block is commands of a guide that a reader is to type: a fenced block of the language sh.
type Block struct {
	Guide string // path
	Line  int    // of its first command
	Scene string // what it is about, from the last comment <!-- scene: NAME -->; empty: nothing that a test sets up
	Host  string // the word behind sh: which host of the scene it is typed on; empty: its first one
	Text  string
	Want  string // the block of the language text right behind it: what the last command writes
}

// sceneMark is how a guide says which scene its blocks belong to.
var sceneMark = regexp.MustCompile(`^<!-- scene:(?: (\S+))? -->$`)

// Guide reads the commands of a guide.
func Guide(t testing.TB, path string) (blocks []Block) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	scene, fence := "", ""
	var body []string
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case fence == "" && strings.HasPrefix(line, "```"):
			fence, body = strings.TrimPrefix(line, "```")+" ", nil
		case fence != "" && line == "```":
			language, host, _ := strings.Cut(strings.TrimRight(fence, " "), " ")
			switch whole := strings.Join(body, "\n"); {
			case language == "sh":
				blocks = append(blocks, Block{Guide: path, Line: i + 1 - len(body), Scene: scene, Host: host, Text: whole})
			case language == "text" && len(blocks) > 0 && blocks[len(blocks)-1].Want == "":
				blocks[len(blocks)-1].Want = whole
			}
			fence = ""
		case fence != "":
			body = append(body, line)
		default:
			if m := sceneMark.FindStringSubmatch(line); m != nil {
				scene = m[1]
			} else if strings.HasPrefix(line, "<!-- scene") {
				t.Fatalf("%s:%d: this names no scene: %s", path, i+1, line)
			}
		}
	}
	return blocks
}

// Commands are the lines of a block, each with its continuations, without comments.
func (b Block) Commands() (commands []string) {
	joined := strings.ReplaceAll(b.Text, "\\\n", " ")
	for line := range strings.SplitSeq(joined, "\n") {
		line, _, _ = strings.Cut(line, " #")
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			commands = append(commands, line)
		}
	}
	return commands
}

// Missing is the first line that a block's reader was promised and that a command did not write, or nothing. Lines have to
// come in the order shown, others may be between them. Words and addresses are the same; a word with any other number
// in it stands for every one with a number, and a path for every path; three dots in the end stand for the rest of the line.
func (b Block) Missing(written string) string {
	got := strings.Split(written, "\n")
next:
	for want := range strings.SplitSeq(b.Want, "\n") {
		if strings.TrimSpace(want) == "" || strings.TrimSpace(want) == "..." {
			continue
		}
		for i, line := range got {
			if sameShape(want, line) {
				got = got[i+1:]
				continue next
			}
		}
		return want
	}
	return ""
}

func sameShape(want, got string) bool {
	w, g := strings.Fields(want), strings.Fields(got)
	if n := len(w) - 1; w[n] == "..." && len(g) >= n {
		w, g = w[:n], g[:n]
	}
	if len(w) != len(g) {
		return false
	}
	for i := range w {
		if w[i] != g[i] && !(numbered(w[i]) && numbered(g[i])) && !(w[i][0] == '/' && g[i][0] == '/') {
			return false
		}
	}
	return true
}

// numbered tells whether a word has a number in it that differs from run to run.
func numbered(word string) bool {
	word = strings.Trim(word, "(),;:")
	_, addr := netip.ParseAddr(word)
	_, prefix := netip.ParsePrefix(word)
	return addr != nil && prefix != nil && strings.ContainsFunc(word, unicode.IsDigit)
}
