package plan

import (
	"runtime"
	"strings"
	"testing"
)

// TestPromotionDoesNotGrowWithDepth promotes values that are as large and ten times as
// deep, and counts the bytes that are allocated for it.
func TestPromotionDoesNotGrowWithDepth(t *testing.T) {
	key := Key{"ns", "c"}
	promote := func(opening, closing string, deep int) uint64 {
		tree := func(value string) *Tree {
			one := strings.Repeat(opening, deep) + value + strings.Repeat(closing, deep)
			all := "[" + strings.Repeat(one+",", 8000/deep) + "0]"
			return &Tree{Namespaces: []Namespace{{Name: key.Namespace, Configs: []Config{{Name: key.Config, Value: NewValue([]byte(all))}}}}}
		}
		from, to := tree("1"), tree("2").Snapshot()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if desired, missing, kept := (Promotion{}).Desired(from, to); len(desired.Namespaces) != 1 || len(missing)+len(kept) > 0 {
			t.Fatal("not all travels")
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, test := range [][2]string{{`{"a":`, "}"}, {"[7,", "]"}} {
		shallow, deep := promote(test[0], test[1], 80), promote(test[0], test[1], 800)
		if deep > 2*shallow {
			t.Errorf("%s: %d bytes are allocated, and %d where it is deep", test[0], shallow, deep)
		}
	}
}
