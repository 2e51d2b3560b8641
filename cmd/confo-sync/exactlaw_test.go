package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/file"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestExactLaw: the plan from any state to any other, with foreign objects, ACLs or modes,
// leads there when it is run, a rollback of it leads back, and a rollback of that leads
// there again, byte for byte.
func TestExactLaw(t *testing.T) {
	t.Run("zookeeper", func(t *testing.T) {
		addr, root := zktest.Addr(t), zktest.Root(t)
		undone := 0
		for i := range 25 {
			url, err := target.Parse(fmt.Sprintf("zk://%s%s/%d", addr, root, i))
			if err != nil {
				t.Fatal(err)
			}
			undone += exactLaw(t, zk.Open(url, zk.Options{Credentials: []zk.Credentials{zk.NewCredentials("me", "secret")}}), uint64(i))
		}
		if undone < 25 {
			t.Errorf("only %d rollbacks were made", undone)
		}
	})
	t.Run("files", func(t *testing.T) {
		undone := 0
		for i := range 80 {
			f, err := file.Open(filepath.Join(t.TempDir(), "live"), file.Options{})
			if err != nil {
				t.Fatal(err)
			}
			undone += exactLaw(t, f, uint64(i))
		}
		if undone < 80 {
			t.Errorf("only %d rollbacks were made", undone)
		}
	})
}

// exactLaw returns how many rollbacks it has made.
func exactLaw(t *testing.T, to target.Target, seed uint64) (undone int) {
	t.Helper()
	defer to.Close()
	random := rand.New(rand.NewPCG(seed, 1))
	states := []*plan.Objects{drawObjects(random, to), drawObjects(random, to)}
	for _, want := range states {
		changeTo(t, to, want)
	}
	for _, back := range []*plan.Objects{states[0], states[1], states[0]} {
		undo, exact := undoNewest(t, to)
		if !exact {
			return undone // the states are the same, or only configurations differ
		}
		if len(undo.Moved) > 0 {
			t.Fatalf("seed %d: nobody has changed anything: %v", seed, undo.Moved)
		}
		changeTo(t, to, undo.Want)
		if differs := differences(back, objectsOf(t, to)); differs != "" {
			t.Errorf("seed %d: after the rollback %s", seed, differs)
		}
		undone++
	}
	return undone
}

// undoNewest returns what undoes the newest apply, if there is one that was exact.
func undoNewest(t *testing.T, to target.Target) (undo apply.ExactRollback, exact bool) {
	t.Helper()
	history, err := apply.ReadHistory(t.Context(), to, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(history.Records) < 2 {
		return undo, false
	}
	undoing, err := history.Undo(t.Context(), history.Records[len(history.Records)-1:], plan.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return undoing.RollbackExact(objectsOf(t, to)), undoing.IsExact()
}

// changeTo runs the exact plan that leads to a state.
func changeTo(t *testing.T, to target.Target, want *plan.Objects) {
	t.Helper()
	opts := plan.ExactOptions{}
	if z, ok := to.(*zk.Target); ok {
		opts.Who = z.Who()
	}
	p, _, err := plan.DiffExact(want.All(), objectsOf(t, to).All(), opts)
	if err != nil {
		t.Fatal(err)
	}
	result, err := apply.Run(t.Context(), to, p, apply.Options{Who: "test", Tool: "test", Verify: &apply.ExactVerification{Want: want.All, Options: opts}})
	if err != nil {
		t.Fatalf("after %d changes: %v", len(result.Applied), err)
	}
	if differs := differences(want, objectsOf(t, to)); differs != "" {
		t.Fatal(differs)
	}
}

func objectsOf(t *testing.T, of target.Target) *plan.Objects {
	t.Helper()
	objects := &plan.Objects{}
	if _, err := of.Dump(context.Background(), objects, nil); err != nil {
		t.Fatal(err)
	}
	return objects
}

// differences says what differs between two states first.
func differences(want, have *plan.Objects) string {
	for s := range want.All() {
		h, ok := have.At(s.Path)
		switch {
		case !ok:
			return fmt.Sprintf("%s is missing", s)
		case !bytes.Equal(h.Value.Reveal(), s.Value.Reveal()) || h.IsNull() != s.IsNull() && s.Link == "" && !s.Folder:
			return fmt.Sprintf("%s holds %#v, not %#v", s, h.Value.Reveal(), s.Value.Reveal())
		case !h.Meta().SameKind(s.Meta()) || s.Link == "" && h.Mode != s.Mode:
			return fmt.Sprintf("%s has the mode %04o, not %04o", s, h.Mode, s.Mode)
		case s.Access != nil && !h.Access.Same(s.Access):
			return fmt.Sprintf("%s has the ACL %v, not %v", s, h.Access, s.Access)
		}
	}
	for h := range have.All() {
		if _, ok := want.At(h.Path); !ok {
			return fmt.Sprintf("%s is too much", h)
		}
	}
	return ""
}

// drawObjects returns a random state of a target.
func drawObjects(random *rand.Rand, of target.Target) *plan.Objects {
	o := &plan.Objects{}
	paths := []string{"a", "a/b", "a/b/c", "a/b/c/d", "a-b", "a-b/c", "b", "b/x", "b/y", "c", "c/only"}
	files := of.Features().Modes
	if random.IntN(10) == 0 {
		return o // there is no root
	}
	if files {
		paths = append(paths, "a/\xff", "\xff/x", "a/b/c/d/e")
	}
	root := plan.Stored{Folder: files, Mode: 0o755, Access: plan.OpenAccess, Value: plan.NewValue([]byte{})}
	if files {
		root.Access, root.Value = nil, plan.Value{}
	} else {
		root.Mode = 0
	}
	_ = o.Add(root)
	for range random.IntN(12) {
		path := paths[random.IntN(len(paths))]
		levels := strings.Split(path, "/")
		for i := range levels {
			below := strings.Join(levels[:i+1], "/")
			if _, known := o.At(below); known {
				continue
			}
			if parent, _ := o.At(strings.Join(levels[:i], "/")); files && (!parent.Folder || parent.Link != "") {
				break // nothing can be in it
			}
			_ = o.Add(drawObject(random, below, files, i == len(levels)-1))
		}
	}
	return o
}

var me = "digest:" + zk.DigestID("me", "secret") + ":cdrwa"

func drawObject(random *rand.Rand, path string, files, last bool) plan.Stored {
	s := plan.Stored{Path: path}
	value := []plan.Value{plan.NewValue([]byte(`{"a": 1}`)), plan.NewValue([]byte("{}")), plan.NewValue([]byte{}), plan.NewValue([]byte("not JSON"))}[random.IntN(4)]
	depth := strings.Count(path, "/")
	if !files {
		s.Value = value
		if random.IntN(5) == 0 {
			s.Value = plan.NullValue()
		}
		s.Access = []plan.Access{plan.OpenAccess, {"world:anyone:r", me}, {me}}[random.IntN(3)]
		if depth < 2 {
			s.Key = keyOf(path)
		}
		return s
	}
	switch kind := random.IntN(6); {
	case kind == 0 && last:
		s.Link = []string{"nowhere", "elsewhere"}[random.IntN(2)]
	case kind < 3 && last && depth > 0:
		s.Value, s.Mode = value, []uint32{0o644, 0o600, 0o640}[random.IntN(3)]
	default:
		s.Folder, s.Mode = true, []uint32{0o755, 0o700, 0o750}[random.IntN(3)]
	}
	return s
}

func keyOf(path string) plan.Key {
	namespace, config, _ := strings.Cut(path, "/")
	return plan.Key{Namespace: namespace, Config: config}
}
