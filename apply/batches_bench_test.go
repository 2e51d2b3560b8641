package apply

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// BenchmarkBatches compares the packing of the same changes in few and in many namespaces.
func BenchmarkBatches(b *testing.B) {
	limits := target.Limits{Bytes: 900 << 10, Max: 1 << 20, Overhead: 1024, Cost: func(c plan.Change) int { return 100 + c.After.Size() }}
	for _, namespaces := range []int{20, 1000, 2000} {
		changes := deletions(namespaces, 2000/namespaces, 10<<10)
		b.Run(fmt.Sprintf("namespaces=%d", namespaces), func(b *testing.B) {
			for b.Loop() {
				Batches(changes, limits, true)
			}
		})
	}
}

// deletions returns the changes that delete namespaces with configurations of a size.
func deletions(namespaces, configs, size int) (changes []plan.Change) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range namespaces {
		ns := fmt.Sprintf("n%05d", i)
		changes = append(changes, plan.Change{Key: plan.Key{Namespace: ns}, Action: plan.Delete})
		for j := range configs {
			var value []byte
			for len(value) < size {
				value = fmt.Appendf(value, `"field%d": "%x", `, len(value), random.Uint64())
			}
			changes = append(changes, plan.Change{Key: plan.Key{Namespace: ns, Config: fmt.Sprintf("c%05d", j)}, Action: plan.Delete, Before: plan.NewValue(value)})
		}
	}
	return changes
}
