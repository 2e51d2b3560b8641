//go:build unix

package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEditedSinceKilled: what somebody does to the files after a run was killed is never
// overwritten by the next.
func TestEditedSinceKilled(t *testing.T) {
	seen := map[Recovery]int{}
	for steps := 0; ; steps++ {
		killed := func() (dir string, tree Tree, last string) {
			dir = t.TempDir()
			plant(t, dir, oldFiles)
			tree, changes := changesIn(dir)
			last = diesAfter(t, steps, func() { must(t, tree.Write(changes, ok)) })
			return dir, tree, last
		}
		dir, tree, last := killed()
		if last == "" {
			break
		}
		if !tree.places()[0].hasJournal() {
			continue
		}
		// All is brought back, as by git checkout.
		must(t, os.RemoveAll(filepath.Join(dir, "tree/x")))
		plant(t, dir, oldFiles)
		did, err := tree.Recover()
		must(t, err)
		seen[did]++
		if want := map[Recovery]map[string]string{Finished: newFiles, Abandoned: oldFiles}[did]; want == nil {
			t.Errorf("killed after %q, it did %v", last, did)
		} else {
			same(t, dir, want)
		}
		// One file is edited.
		for _, name := range []string{"tree/a.yaml", "beside.yaml", "tree/gone/b.yaml", "tree/x/y/d.yaml"} {
			dir, tree, _ := killed()
			plant(t, dir, map[string]string{name: "mine"})
			before := grown(t, dir)
			did, err := tree.Recover()
			if did != NothingLeft || err == nil || !strings.Contains(err.Error(), filepath.Base(name)) {
				t.Errorf("killed after %q, and %s edited: %v, %v", last, name, did, err)
			}
			same(t, dir, before)
			must(t, os.RemoveAll(tree.places()[0].state)) // as the hint says
			did, err = tree.Recover()
			if did != NothingLeft || err != nil {
				t.Errorf("after the hint was followed: %v, %v", did, err)
			}
		}
	}
	if seen[Abandoned] == 0 || seen[Finished] > 3 {
		t.Errorf("it did %v", seen)
	}
}

// TestEditedMeanwhile: what somebody writes to a file while others are staged is kept.
func TestEditedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, oldFiles)
	tree, changes := changesIn(dir)
	want := map[string]string{}
	for name, data := range oldFiles {
		want[name] = data
	}
	want["beside.yaml"] = "mine"
	Step = func(name string) {
		if name == "committed" {
			Step = func(string) {}
			plant(t, dir, map[string]string{"beside.yaml": "mine"})
		}
	}
	defer func() { Step = func(string) {} }()
	if err := tree.Write(changes, ok); err == nil || !strings.Contains(err.Error(), "somebody else has just changed") {
		t.Errorf("Write: %v", err)
	}
	same(t, dir, want)
}
