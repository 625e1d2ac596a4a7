package loader

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/xvrrp/xvrrp/loader/verdict"
)

var update = flag.Bool("update", false, "rewrite testdata/abi.golden")

const golden = "testdata/abi.golden"

// The layout of everything that filter and daemon share. Whoever changes it raises XV_ABI and runs the test with
// -update.
func TestLayout(t *testing.T) {
	spec, err := loadXv()
	if err != nil {
		t.Fatal(err)
	}
	got := layout(t, spec)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the shared layout has changed: raise XV_ABI in bpf/abi.h and run with -update\n%s", got)
	}
}

// layout prints the ABI's number and its structs: offset, size, type and name of each field.
func layout(t *testing.T, spec *ebpf.CollectionSpec) string {
	var out strings.Builder
	fmt.Fprintf(&out, "abi %d\n", xvAbiXV_ABI)
	var advert *btf.Struct
	if err := spec.Types.TypeByName("advert", &advert); err != nil {
		t.Fatal(err)
	}
	printStruct(&out, "ring records", advert)
	for _, name := range slices.Sorted(maps.Keys(spec.Maps)) {
		m := spec.Maps[name]
		printStruct(&out, name+" key", m.Key)
		printStruct(&out, name+" value", m.Value)
	}
	return out.String()
}

func printStruct(out *strings.Builder, what string, typ btf.Type) {
	s, ok := btf.As[*btf.Struct](typ)
	if !ok {
		return
	}
	fmt.Fprintf(out, "\n%s: struct %s, %d bytes\n", what, s.Name, s.Size)
	for _, m := range s.Members {
		size, _ := btf.Sizeof(m.Type)
		fmt.Fprintf(out, "%4d %4d %s\n", m.Offset.Bytes(), size, m.Name)
	}
}

// The verdicts of the compiled filter are those of package verdict, number by number.
func TestVerdicts(t *testing.T) {
	spec, err := loadXv()
	if err != nil {
		t.Fatal(err)
	}
	var enum *btf.Enum
	if err := spec.Types.TypeByName("verdict", &enum); err != nil {
		t.Fatal(err)
	}
	if len(enum.Values) != verdict.Count+1 { // the last is VERDICT_COUNT
		t.Fatalf("%d verdicts in the filter, %d in package verdict", len(enum.Values)-1, verdict.Count)
	}
	for i, v := range enum.Values[:verdict.Count] {
		if v.Value != uint64(i) || v.Name != verdict.Verdict(i).Symbol() {
			t.Errorf("verdict %d is %s=%d in the filter, %s in package verdict", i, v.Name, v.Value, verdict.Verdict(i).Symbol())
		}
	}
}

// Names that the kernel shows are whole and ours.
func TestNames(t *testing.T) {
	spec, err := loadXv()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Collect(maps.Keys(spec.Programs)), slices.Collect(maps.Keys(spec.Maps))...) {
		if len(name) > 15 || !strings.HasPrefix(name, "xv_") && !strings.HasPrefix(name, ".") {
			t.Errorf("%s: want the prefix xv_ and at most 15 bytes", name)
		}
	}
	for name, p := range spec.Programs {
		if p.License != "Dual MIT/GPL" {
			t.Errorf("%s: licence %q", name, p.License)
		}
	}
}
