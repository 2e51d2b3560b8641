package apply

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// TestBatchesCompressOnce: how much is compressed to find out what fits into a batch grows
// with the changes, and not with the number of namespaces.
func TestBatchesCompressOnce(t *testing.T) {
	limits := target.Limits{Bytes: 90 << 10, Max: 1 << 20, Cost: func(plan.Change) int { return 100 }}
	for _, namespaces := range []int{5, 200} {
		changes := deletions(namespaces, 200/namespaces, 10<<10)
		p := packer{limits: limits, written: whereRoom(limits), history: true}
		for i := 0; i < len(changes); i += len(changes) / namespaces {
			p.add(changes[i : i+len(changes)/namespaces])
		}
		p.flush()
		records, _ := records(changes, keepNone)
		if p.compressed == 0 || p.compressed > 3*len(records) {
			t.Errorf("%d namespaces: %d bytes of records were compressed, and there are %d", namespaces, p.compressed, len(records))
		}
		if len(p.batches) < 2 {
			t.Errorf("%d namespaces: there is %d batch", namespaces, len(p.batches))
		}
	}
}
