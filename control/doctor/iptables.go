package doctor

import (
	"slices"
	"strings"
)

// iptablesChains reads what iptables-save or ip6tables-save writes.
func iptablesChains(text []byte, v6 bool) (chains []chain) {
	command, table := "iptables", ""
	if v6 {
		command = "ip6tables"
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case strings.HasPrefix(words[0], "*"):
			table = words[0][1:]
		case strings.HasPrefix(words[0], ":") && len(words) > 1:
			chains = append(chains, newIPTablesChain(command, table, words[0][1:], words[1], v6))
		case words[0] == "-A" && len(words) > 2:
			at := slices.IndexFunc(chains, func(c chain) bool { return c.table == command+" "+table && c.name == words[1] })
			if at >= 0 {
				chains[at].rules = append(chains[at].rules, newIPTablesRule(command, table, words))
			}
		}
	}
	return chains
}

func newIPTablesChain(command, table, name, policy string, v6 bool) chain {
	c := chain{place: command + " table " + table + ", chain " + name, table: command + " " + table, name: name,
		policy: strings.ToLower(policy), v4: !v6, v6: v6, relax: command + " -t " + table + " -A " + name + " -p 112 -j ACCEPT"}
	if name == strings.ToUpper(name) && policy != "-" {
		c.hook = strings.ToLower(name)
	}
	return c
}

// newIPTablesRule reads a line -A CHAIN ...
func newIPTablesRule(command, table string, words []string) rule {
	r := rule{text: strings.Join(words[2:], " "), remedy: command + " -t " + table + " -D " + strings.Join(words[1:], " ")}
	not := false
	for i := 2; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		part := map[string]string{"-p": "proto", "-s": "saddr", "-d": "daddr", "-i": "iif", "-o": "oif"}[words[i]]
		switch {
		case words[i] == "!":
			not = true
			continue
		case part != "":
			r.when = append(r.when, condition{part: part, not: not, values: []string{value}})
			i++
		case words[i] == "--ctstate" || words[i] == "--state":
			r.when = append(r.when, condition{part: "ctstate", not: not, values: strings.Split(strings.ToLower(value), ",")})
			i++
		case words[i] == "-j" || words[i] == "-g":
			r.action, r.target = iptablesAction(words[i], value)
			i++
		case words[i] == "-m" && slices.Contains([]string{"comment", "conntrack", "state"}, value):
			i++ // what matters comes as an option
		case words[i] == "--comment":
			i = endOfComment(words, i+1)
		case strings.HasPrefix(words[i], "-") && r.action == "":
			r.when = append(r.when, condition{part: words[i]})
		}
		not = false
	}
	return r
}

func iptablesAction(how, to string) (action, target string) {
	switch to {
	case "ACCEPT", "DROP", "RETURN":
		return strings.ToLower(to), ""
	case "REJECT":
		return "drop", ""
	case "LOG", "NFLOG", "MARK", "CONNMARK", "TRACE", "CHECKSUM", "TCPMSS":
		return "", "" // goes on
	}
	if how == "-g" {
		return "goto", to
	}
	return "jump", to
}

// endOfComment is the last word of a comment, which has quotes if it has blanks.
func endOfComment(words []string, at int) int {
	if at < len(words) && strings.HasPrefix(words[at], `"`) {
		for at < len(words)-1 && (!strings.HasSuffix(words[at], `"`) || words[at] == `"`) {
			at++
		}
	}
	return at
}
