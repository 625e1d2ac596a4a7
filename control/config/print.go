package config

import "strings"

// Text is a configuration in the syntax of the file, with everything in its place that includes, conditions and
// definitions brought in: routers names those there are. Read as an expanded Text, see Options, it is this
// configuration. What is not carried out is left out. A configuration that comes from no file has no text.
func (c *Config) Text(routers []string) string {
	if c.base == nil {
		return ""
	}
	var b strings.Builder
	others := c.base.others
	in := newReading(new(reporter), new(drafts), c.base.fsys, c.base.options, defaultLimits)
	in.builder.done = func(n *node) { b.WriteString(n.render()) }
	for i, name := range routers {
		for ; len(others) > 0 && others[0].behind <= i; others = others[1:] {
			b.WriteString(others[0].text)
		}
		_, overridden := c.base.overrides[name]
		in.expander.readText(&file{name: name, plain: overridden}, c.base.block(name))
		in.builder.finish()
	}
	for _, o := range others {
		b.WriteString(o.text)
	}
	return Format(b.String())
}

// MaskedText is Text with its secrets masked.
func (c *Config) MaskedText(routers []string) string { return masked(c.Text(routers)) }

// Instead is another configuration in the place of this one, under the same overrides: one that is given as a Text.
func (c *Config) Instead(text string) (*Config, []Problem) {
	o := c.base.options
	o.Name, o.Text, o.Expanded, o.Overrides = "text", text, true, c.Overrides()
	return Load(c.base.fsys, "", o)
}
