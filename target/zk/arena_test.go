package zk

import "testing"

// TestArena: what is kept is what was given, null and empty told apart.
func TestArena(t *testing.T) {
	var a arena
	if a.keep(nil) != nil || a.keep([]byte{}) == nil {
		t.Error("null and empty are mixed up")
	}
	source := []byte("first")
	first := a.keep(source)
	copy(source, "other")
	second := a.keep([]byte("second"))
	large := a.keep(make([]byte, arenaChunk))
	first = append(first, '!')
	if string(first) != "first!" || string(second) != "second" || len(large) != arenaChunk || a.keep([]byte{}) == nil {
		t.Errorf("kept are %q, %q and %d bytes", first, second, len(large))
	}
}
