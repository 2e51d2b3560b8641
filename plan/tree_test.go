package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

func TestPositionString(t *testing.T) {
	for position, want := range map[plan.Position]string{
		{}:                                     "",
		{File: "a.yaml"}:                       "a.yaml",
		{File: "a.yaml", Line: 3}:              "a.yaml:3",
		{File: "a.yaml", Line: 3, Column: 7}:   "a.yaml:3:7",
		{File: "a\n.yaml", Line: 3, Column: 7}: `a\n.yaml:3:7`,
	} {
		if got := position.String(); got != want {
			t.Errorf("a position is %q, want %q", got, want)
		}
	}
}

func TestSort(t *testing.T) {
	tree, live := treeOf("b, b/y=1, b/x=2, a, B"), liveOf("b, b/y=1, b/x=2, a, B")
	live.Foreign = []plan.Foreign{{Path: "/confo/b"}, {Path: "/confo/a"}}
	tree.Sort()
	live.Sort()
	if d := cmp.Diff(treeOf("B, a, b, b/x=2, b/y=1"), tree); d != "" {
		t.Errorf("a tree sorts otherwise (-want +got):\n%s", d)
	}
	want := liveOf("B, a, b, b/x=2, b/y=1")
	want.Foreign = []plan.Foreign{{Path: "/confo/a"}, {Path: "/confo/b"}}
	if d := cmp.Diff(want, live); d != "" {
		t.Errorf("a snapshot sorts otherwise (-want +got):\n%s", d)
	}
}

// A snapshot is wanted elsewhere without what belongs to running applications.
func TestSnapshotTree(t *testing.T) {
	live := liveOf("a, a/x=1, a/y=2 !ephemeral, b !ephemeral, b/x=1, c")
	tree := live.Tree()
	if got, want := summary(plan.Diff(tree, &plan.Snapshot{}, plan.Options{})), "+ a, + a/x, + c"; got != want {
		t.Errorf("from nothing: %s, want %s", got, want)
	}
	if live.Configs() != 3 || tree.Configs() != 1 {
		t.Errorf("%d live configurations, %d in the tree", live.Configs(), tree.Configs())
	}
	if got := summary(plan.Diff(tree, tree.Snapshot(), plan.Options{})); got != "1 unchanged" {
		t.Errorf("from itself: %s", got)
	}
}
