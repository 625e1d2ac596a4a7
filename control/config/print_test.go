package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The text of a configuration says all that is in force, and nothing is left to expand in it.
func TestTextIsTheConfiguration(t *testing.T) {
	for _, path := range layouts(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			o := optionsOf(t, path)
			dir, name := os.DirFS(filepath.Dir(path)), filepath.Base(path)
			was, _ := Load(dir, name, o)
			text := was.Text(routerNames(was))
			o.Expanded, o.Text = true, text
			o.Env = nil
			is, problems := Load(dir, name, o)
			if !was.Same(is) {
				t.Errorf("it reads as another configuration: %q\n%s\n%v", was.Differences(is), text, problems)
			}
			if again := is.Text(routerNames(is)); again != text {
				t.Errorf("its text is\n%s\nand was\n%s", again, text)
			}
		})
	}
}

func routerNames(c *Config) (names []string) {
	for _, r := range c.Routers {
		names = append(names, r.Name)
	}
	return names
}

// What was changed at run time is in the text, and secrets are not in the masked one.
func TestTextOfOverrides(t *testing.T) {
	file := "global_defs {\n  router_id a\n}\nvrrp_instance A {\n interface e0\n virtual_router_id 1\n authentication {\n auth_type PASS\n auth_pass secret\n }\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n"
	c, _ := loadText(file, []Override{{Name: "A", Block: strings.Replace(file[strings.Index(file, "vrrp_inst"):], "_id 1", "_id 9", 1)}})
	text := c.MaskedText(routerNames(c))
	for _, want := range []string{"router_id a\n", "    virtual_router_id 9\n", "auth_pass ********\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "secret") || slices.Contains(strings.Fields(text), "1") {
		t.Errorf("too much in\n%s", text)
	}
}
