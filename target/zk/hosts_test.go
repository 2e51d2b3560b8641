package zk

import "testing"

// TestTurns: sessions for reading don't have go-zookeeper believe that it has tried all
// servers in vain, for which it pauses.
func TestTurns(t *testing.T) {
	h := newHosts([]string{"a:1", "b:2"})
	first, second := h.turn(), h.turn()
	if first == second {
		t.Errorf("twice %s", first)
	}
	h.stay()
	for i, want := range []bool{false, false, true} {
		if server, vain := h.Next(); vain != want || i == 0 && server != second {
			t.Errorf("try %d: %s, %v", i+1, server, vain)
		}
		h.turn()
	}
	h.Connected()
	if _, vain := h.Next(); vain {
		t.Error("connected, and in vain")
	}
}
