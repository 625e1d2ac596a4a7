package metrics

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated document")

const referencePath = "../../docs/metrics.md"

// TestReference: docs/metrics.md is what the descriptions say. It is written by go generate.
func TestReference(t *testing.T) {
	want := reference()
	if *update {
		if err := os.WriteFile(referencePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the descriptions say: go generate ./control/metrics", referencePath)
	}
}

// reference is docs/metrics.md.
func reference() string {
	var b strings.Builder
	b.WriteString(`<!-- Generated from the descriptions by go generate ./control/metrics. -->
# Metrics

` + "`xvrrp run --listen 9112`" + ` answers Prometheus at http://localhost:9112/metrics: on the host alone if no address is
given, since whoever reaches the address may read. A scrape costs one snapshot, which is drawn in pieces beside the
elections; scrapers that ask within a second share it.

` + "```yaml" + `
scrape_configs:
  - job_name: xvrrp
    static_configs:
      - targets: ["192.0.2.10:9112", "192.0.2.11:9112"]
` + "```" + `

Alert rules are in [packaging/prometheus](../packaging/prometheus/xvrrp.rules.yml), a dashboard is in
[packaging/grafana](../packaging/grafana/xvrrp.json). Both take routers of several hosts for one virtual router if their
` + "`job`, `router` (the name of the vrrp_instance), `family` and `vrid`" + ` are the same: give the hosts of a segment one job, and
their instances one name.

Counters begin anew with the daemon, and those of frames and of adverts received also when a link comes back.

## Of the daemon

`)
	tabulate(&b, daemonFamilies())
	b.WriteString("\n## Of each router\n\n")
	tabulate(&b, routerFamilies())
	b.WriteString(`
## Under the names of keepalived-exporter

With ` + "`--metrics-keepalived`" + ` the metrics of keepalived-exporter 1.7.1 come along, so that its dashboard and alerts go on
working. Its ` + "`keepalived_exporter_check_script_status`" + ` is missing, since there is no such script: track what it asked
with a ` + "`vrrp_script`" + ` or a check. All values are of one moment, where the exporter joins two files.

`)
	tabulate(&b, keepalivedFamilies())
	return b.String()
}

func tabulate(b *strings.Builder, families []family) {
	b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, f.kind, strings.Join(f.labels, ", "), f.help)
	}
}
