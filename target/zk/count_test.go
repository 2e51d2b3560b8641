package zk

import "testing"

// TestZnodeCount: a server can't list more znodes than a target may have, in however many
// listings.
func TestZnodeCount(t *testing.T) {
	count := znodeCount{root: "/confo"}
	for range 4 {
		if err := count.add(maxZnodes / 4); err != nil {
			t.Fatal(err)
		}
	}
	if err := count.add(1); err == nil {
		t.Error("one more is taken")
	}
}
