package main

import (
	"testing"
)

// TestWhole makes sure that every command takes -n and --exclude or refuses them.
func TestWhole(t *testing.T) {
	of := map[string]bool{
		"init": true, "plan": true, "apply": true, "promote": true, "diff": true, "pull": true, "history show": true,
		"restore": true, "rollback": true, "status": true, "matrix": true, "render": true, "rotate": true, "get": true, "encrypt": true, "decrypt": true, "fmt": true, "validate": true,
	}
	parser := model(t)
	seen := 0
	for _, leaf := range parser.Model.Leaves(false) {
		name := nameOf(leaf)
		if _, refuses := whole[name]; refuses == of[name] {
			t.Errorf("%s: takes a part: %v, refuses one: %v", name, of[name], refuses)
		}
		seen++
	}
	if seen != len(of)+len(whole) {
		t.Errorf("%d commands, and %d are known", seen, len(of)+len(whole))
	}
}
