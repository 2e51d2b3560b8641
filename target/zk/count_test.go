package zk

import (
	"strings"
	"testing"
)

// TestZnodeCount: a server can't list more znodes than a target may have, nor longer names,
// in however many listings.
func TestZnodeCount(t *testing.T) {
	for name, listing := range map[string][]string{
		"znodes": make([]string, maxZnodes/4),
		"bytes":  {strings.Repeat("x", maxZnodeNames/4)},
	} {
		count := znodeCount{root: "/confo"}
		for range 4 {
			if err := count.add(listing); err != nil {
				t.Fatal(err)
			}
		}
		if err := count.add([]string{"x"}); err == nil {
			t.Errorf("%s: one more is taken", name)
		}
	}
}
