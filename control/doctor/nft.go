package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// nftItem is an object of `nft -j list ruleset`, one of these.
type nftItem struct {
	Chain *nftChain `json:"chain"`
	Rule  *nftRule  `json:"rule"`
	Set   *nftSet   `json:"set"`
}

type nftChain struct {
	Family, Table, Name, Hook, Policy string
	Dev                               any // a name or several
}

type nftRule struct {
	Family, Table, Chain string
	Handle               int
	Expr                 []map[string]json.RawMessage // each with one key, the kind of statement
}

type nftSet struct {
	Family, Table, Name string
	Elem                []any
}

// nftChains reads what nft lists.
func nftChains(text []byte) ([]chain, error) {
	var listed struct {
		Nftables []nftItem `json:"nftables"`
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, fmt.Errorf("read the list of nft: %w", err)
	}
	var chains []chain
	sets := map[string][]string{} // by table and name
	for _, item := range listed.Nftables {
		if c := item.Chain; c != nil {
			chains = append(chains, newNFTChain(c))
		}
		if s := item.Set; s != nil {
			sets[s.Family+" "+s.Table+" "+s.Name] = nftValues(s.Elem, nil)
		}
	}
	for _, item := range listed.Nftables {
		r := item.Rule
		if r == nil {
			continue
		}
		table := r.Family + " " + r.Table
		at := slices.IndexFunc(chains, func(c chain) bool { return c.table == table && c.name == r.Chain })
		if at >= 0 {
			named := func(set string) []string { return sets[table+" "+set] }
			chains[at].rules = append(chains[at].rules, newNFTRule(r, named))
		}
	}
	return chains, nil
}

func newNFTChain(c *nftChain) chain {
	where := fmt.Sprintf("%s %s %s", c.Family, c.Table, c.Name)
	return chain{
		place: fmt.Sprintf("nftables table %s %s, chain %s", c.Family, c.Table, c.Name), table: c.Family + " " + c.Table, name: c.Name,
		hook: c.Hook, device: nftValues(c.Dev, nil), policy: c.Policy, relax: "nft add rule " + where + " meta l4proto 112 accept",
		v4: c.Family != "ip6" && c.Family != "arp" && c.Family != "bridge", v6: c.Family != "ip" && c.Family != "arp" && c.Family != "bridge",
	}
}

func newNFTRule(r *nftRule, named func(string) []string) rule {
	out := rule{remedy: fmt.Sprintf("nft delete rule %s %s %s handle %d", r.Family, r.Table, r.Chain, r.Handle)}
	var words []string
	for _, statement := range r.Expr {
		for kind, body := range statement {
			words = append(words, out.addNFT(kind, body, named))
		}
	}
	out.text = strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
	return out
}

// addNFT adds a statement to a rule, and returns it in words.
func (r *rule) addNFT(kind string, body json.RawMessage, named func(string) []string) string {
	switch kind {
	case "match":
		c := nftCondition(body, named)
		r.when = append(r.when, c)
		return c.String()
	case "accept", "drop", "return":
		r.action = kind
	case "reject":
		r.action = "drop"
	case "jump", "goto":
		var to struct{ Target string }
		if json.Unmarshal(body, &to) == nil {
			r.action, r.target = kind, to.Target
		}
		return kind + " " + to.Target
	case "counter", "log", "mangle", "comment":
		return "" // decides nothing
	case "limit", "xt", "quota", "connlimit":
		r.when = append(r.when, condition{part: kind})
	default:
		r.action = "unknown" // a verdict map, for one
	}
	return kind
}

// nftCondition reads a comparison.
func nftCondition(body json.RawMessage, named func(string) []string) condition {
	var m struct {
		Op    string
		Left  map[string]json.RawMessage
		Right any
	}
	if json.Unmarshal(body, &m) != nil {
		return condition{part: "something"}
	}
	return condition{part: nftPart(m.Left), not: m.Op == "!=", values: nftValues(m.Right, named)}
}

// nftPart names what is compared.
func nftPart(left map[string]json.RawMessage) string {
	for kind, body := range left {
		var of struct{ Protocol, Field, Key string }
		if json.Unmarshal(body, &of) != nil {
			return kind
		}
		switch name := kind + " " + of.Protocol + of.Key + " " + of.Field; strings.TrimSpace(name) {
		case "meta l4proto", "payload ip protocol", "payload ip6 nexthdr":
			return "proto"
		case "payload ip saddr", "payload ip6 saddr":
			return "saddr"
		case "payload ip daddr", "payload ip6 daddr":
			return "daddr"
		case "meta iifname", "meta iif":
			return "iif"
		case "meta oifname", "meta oif":
			return "oif"
		case "ct state":
			return "ctstate"
		}
		return strings.TrimSpace(of.Protocol + of.Key + " " + of.Field)
	}
	return "something"
}

// nftValues are the values that the right side of a comparison stands for: one, a list, a set, a prefix or a range.
func nftValues(right any, named func(string) []string) []string {
	switch v := right.(type) {
	case nil:
		return nil
	case string:
		if set, ok := strings.CutPrefix(v, "@"); ok && named != nil {
			return named(set)
		}
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, nftValues(one, named)...)
		}
		return all
	case map[string]any:
		if p, ok := v["prefix"].(map[string]any); ok {
			return []string{fmt.Sprintf("%v/%v", p["addr"], p["len"])}
		}
		if ends, ok := v["range"].([]any); ok && len(ends) == 2 {
			return []string{fmt.Sprintf("%v-%v", ends[0], ends[1])}
		}
		if e, ok := v["elem"].(map[string]any); ok {
			return nftValues(e["val"], named)
		}
		return nftValues(v["set"], named)
	}
	return []string{fmt.Sprint(right)}
}

// String is the condition in the words of nft.
func (c condition) String() string {
	part := map[string]string{"proto": "protocol", "iif": "iifname", "oif": "oifname", "ctstate": "ct state"}[c.part]
	words := []string{or(part, c.part)}
	if c.not {
		words = append(words, "!=")
	}
	if len(c.values) == 1 {
		return strings.Join(append(words, c.values[0]), " ")
	}
	return strings.Join(append(words, "{", strings.Join(c.values, ", "), "}"), " ")
}
