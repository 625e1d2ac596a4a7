package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/xvrrp/xvrrp/control/api"
)

// kind is the type of a metric.
type kind uint8

const (
	gauge kind = iota
	counter
	histogram
)

func (k kind) String() string { return [...]string{"gauge", "counter", "histogram"}[k] }

// valueType is kind for a metric that is a single number.
func (k kind) valueType() prometheus.ValueType {
	return [...]prometheus.ValueType{gauge: prometheus.GaugeValue, counter: prometheus.CounterValue}[k]
}

// family is one metric: what it is called, and how it is read off a snapshot.
type family struct {
	kind   kind
	name   string
	help   string
	labels []string
	read   func(s *api.Snapshot, put put)                            // of a gauge or counter
	spread func(s *api.Snapshot, put func(api.Histogram, ...string)) // of a histogram
	desc   *prometheus.Desc
}

// put takes one value with those of the labels, in their order.
type put func(value float64, labels ...string)

// families lists what is told, ready to be collected.
func families(o Options) []family {
	all := append(daemonFamilies(), routerFamilies()...)
	if o.Keepalived {
		all = append(all, keepalivedFamilies()...)
	}
	for i := range all {
		f := &all[i]
		f.desc = prometheus.NewDesc(f.name, f.help, f.labels, nil)
	}
	return all
}

// write appends the metric as a snapshot has it. Where two routers have one name the second is left out: the registry
// refuses what it has already, and keeps the rest.
func (f *family) write(to *slowly, s *api.Snapshot) error {
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector{f, s, to.pace}); err != nil {
		return err
	}
	gathered, err := registry.Gather()
	if len(gathered) == 0 {
		return err
	}
	_, err = expfmt.MetricFamilyToText(to, gathered[0])
	return err
}

// collector is a metric as client_golang reads it.
type collector struct {
	*family
	snapshot *api.Snapshot
	*pace
}

func (c collector) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

func (c collector) Collect(to chan<- prometheus.Metric) { c.collect(c.snapshot, to, c.pace) }

func (f *family) collect(s *api.Snapshot, to chan<- prometheus.Metric, p *pace) {
	if f.kind == histogram {
		f.spread(s, func(h api.Histogram, labels ...string) {
			to <- prometheus.MustNewConstHistogram(f.desc, h.Count, h.Sum, cumulated(h), readable(labels)...)
		})
		return
	}
	f.read(s, func(value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(f.desc, f.kind.valueType(), value, readable(labels)...)
		p.keep()
	})
}

// readable are values of labels as they have to be: UTF-8, which names in files need not be.
func readable(labels []string) []string {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "\ufffd")
	}
	return labels
}

// cumulated is a histogram as Prometheus counts: each class with all below it, the last one left out.
func cumulated(h api.Histogram) map[float64]uint64 {
	buckets := make(map[float64]uint64, len(h.Classes))
	var sum uint64
	for _, c := range h.Classes {
		sum += c.Count
		if c.UpTo > 0 {
			buckets[c.UpTo] = sum
		}
	}
	return buckets
}

// truth is a condition as a number.
func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
