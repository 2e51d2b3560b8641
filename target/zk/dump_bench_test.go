package zk_test

import (
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// nowhere takes a dump and keeps nothing.
type nowhere struct{ nodes int }

func (n *nowhere) Add(plan.Stored) error   { n.nodes++; return nil }
func (n *nowhere) Amend(plan.Stored) error { return nil }
func (n *nowhere) Remove(string) error     { return nil }
func (n *nowhere) Gap(string, string)      {}

// BenchmarkDump reads 50,000 configurations: as a snapshot, as one with access lists,
// and as a dump, in turn; and says how the dump compares with both.
func BenchmarkDump(b *testing.B) {
	addr, root := zktest.Addr(b), zktest.Root(b)
	fill(b, addr, root, 50, 1000, `{"host": "10.0.0.1", "port": 3306, "user": "app", "options": {"timeout": 30, "retries": [1, 2, 3]}}`)
	from := open(b, "zk://"+addr+root)
	var plain, access, dumped time.Duration
	for b.Loop() {
		for _, read := range []struct {
			took *time.Duration
			run  func() error
		}{
			{&plain, func() error { _, err := from.Snapshot(b.Context(), target.ReadOptions{}); return err }},
			{&access, func() error {
				_, err := from.Snapshot(b.Context(), target.ReadOptions{Access: func(plan.Key) bool { return true }})
				return err
			}},
			{&dumped, func() error { _, err := from.Dump(b.Context(), &nowhere{}, nil); return err }},
		} {
			began := time.Now()
			if err := read.run(); err != nil {
				b.Fatal(err)
			}
			*read.took += time.Since(began)
		}
	}
	b.ReportMetric(float64(dumped)/float64(plain), "×snapshot")
	b.ReportMetric(float64(dumped)/float64(access), "×snapshot-with-access")
}
