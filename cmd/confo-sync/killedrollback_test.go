package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestKilledRollback kills "rollback last" on a file backend after every step, until the
// change is complete. Reading names the rollback, and the same command, run again,
// finishes it, and never brings back what it takes back.
func TestKilledRollback(t *testing.T) {
	finished := 0
	for steps := 1; ; steps++ {
		dir := t.TempDir()
		for _, n := range []string{"1", "2"} {
			grow(t, dir, map[string]string{"config/a.yaml": strings.ReplaceAll("one: {n: N}\ntwo: {n: N}\n", "N", n)})
			program(t, dir, 0, "apply", "-q", "-s", "config", "-t", "file:live", "--auto-approve")
		}
		rollback := []string{"rollback", "last", "-t", "file:live", "--auto-approve"}
		_, wasKilled := program(t, dir, steps, rollback...)
		committed := contents(t, filepath.Join(dir, "live.confo-sync"))["journal.json"] != ""
		if !wasKilled || finished > 0 && !committed {
			break
		}
		if committed {
			finished++
			said, _ := program(t, dir, 0, "plan", "-s", "config", "-t", "file:live")
			if !strings.Contains(said, "hint: run the same rollback again: like every command that writes, it completes that change first") {
				t.Errorf("killed after step %d, plan says\n%s", steps, said)
			}
		}
		said, _ := program(t, dir, 0, rollback...)
		for name, holds := range contents(t, filepath.Join(dir, "live")) {
			if !strings.HasSuffix(name, "/") && holds != `{"n": 1}` {
				t.Errorf("killed after step %d and run again, %s holds %s:\n%s", steps, name, holds, said)
			}
		}
		if committed && !strings.Contains(said, "Finished an earlier rollback that was committed") {
			t.Errorf("killed after step %d and run again, it says\n%s", steps, said)
		}
		if list, _ := program(t, dir, 0, "history", "-t", "file:live"); strings.Count(list, "\n") != 4 {
			t.Errorf("killed after step %d and run again, the history is\n%s", steps, list)
		}
	}
	if finished < 3 {
		t.Errorf("it was killed only %d times while it changed files", finished)
	}
}
