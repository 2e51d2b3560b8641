package file

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPrivateFromTheFirstByte looks at the modes with which an apply makes what is
// beside the tree, and gives to it, with an umask that takes nothing away: at no
// moment may anybody else open what holds values.
func TestPrivateFromTheFirstByte(t *testing.T) {
	openMask(t)
	root := plantScenario(t)
	beside := filepath.Base(root) + ".confo-sync"
	made := map[string]int{}
	for _, c := range callsOf(t, "apply", root) {
		if c.path != beside && !strings.HasPrefix(c.path, beside+"/") {
			continue
		}
		switch c.name {
		case "mkdir", "create", "chmod":
		default:
			continue
		}
		made[c.name]++
		// What is staged takes the mode of what it will replace when it is whole, in a
		// folder that is for its owner alone; "mode" is empty, to learn the umask.
		if c.name == "chmod" || filepath.Base(c.path) == "mode" {
			continue
		}
		if c.mode&0o077 != 0 {
			t.Errorf("%s %s has the mode %o", c.name, c.path, c.mode)
		}
	}
	if made["mkdir"] < 3 || made["create"] < 5 {
		t.Errorf("only %v were seen", made)
	}
}
