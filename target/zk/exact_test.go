package zk_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

func (d *dumped) all() iter.Seq2[plan.Stored, error] {
	return func(yield func(plan.Stored, error) bool) {
		for _, path := range slices.SortedFunc(maps.Keys(d.nodes), plan.ComparePaths) {
			if !yield(d.nodes[path], nil) {
				return
			}
		}
	}
}

// exactly returns the plan that makes a target exactly what is wanted.
func exactly(t *testing.T, want, live *dumped, who []string) *plan.Plan {
	t.Helper()
	p, left, err := plan.DiffExact(want.all(), live.all(), plan.ExactOptions{Who: who})
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	return p
}

// carryOut takes the steps of an exact plan, with so many changes in a batch at most. It
// returns how many were made.
func carryOut(ctx context.Context, w target.Writer, p *plan.Plan, most int) (done int, err error) {
	number := 0
	set := func(first bool) error {
		var changes []plan.Change
		for _, c := range p.Access {
			if c.First == first {
				changes = append(changes, c)
			}
		}
		if len(changes) == 0 {
			return nil
		}
		number++
		return w.SetAccess(ctx, target.Batch{Number: number, Changes: changes}, func(int) { done++ })
	}
	if err := set(true); err != nil {
		return done, err
	}
	for changes := range slices.Chunk(p.Changes, most) {
		number++
		if err := w.Apply(ctx, target.Batch{Number: number, Changes: changes}); err != nil {
			return done, err
		}
		done += len(changes)
	}
	return done, set(false)
}

// TestExact makes one tree what another is, node by node and access list by access
// list, where there is another tree already, and where there is next to nothing.
func TestExact(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	client := zktest.Client(t, addr)
	as := func(path string) target.Target {
		return open(t, "zk://"+addr+root+path, func(o *zk.Options) { o.Credentials = []zk.Credentials{zk.NewCredentials("me", "secret")} })
	}
	mine := gozk.DigestACL(gozk.PermAll, "me", "secret")
	fill(t, addr, root+"/from", 3, 700, `{"n": 1}`)
	fill(t, addr, root+"/other", 2, 50, `{"n": 2}`)
	zktest.Write(t, client, root+"/bare", nil)
	zktest.Write(t, client, root+"/from/ns00/c00003/child/deeper", []byte("foreign"))
	zktest.Write(t, client, root+"/from/ns01", []byte("data"))
	zktest.Write(t, client, root+"/other/ns00/c00001/extra/deeper", []byte("too much"))
	if _, err := client.Create(root+"/from/ns02/null", nil, 0, gozk.WorldACL(gozk.PermAll)); err != nil {
		t.Fatal(err)
	}
	// Closed to everyone but one, also to what is made below it.
	for _, path := range []string{"/from/ns00/c00003/child/deeper", "/from/ns00/c00003/child", "/from/ns02"} {
		if _, err := client.SetACL(root+path, append(mine, gozk.WorldACL(gozk.PermRead)...), -1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.SetACL(root+"/from/ns00/c00003", []gozk.ACL{{Scheme: "digest", ID: mine[0].ID, Perms: gozk.PermRead | gozk.PermAdmin}}, -1); err != nil {
		t.Fatal(err)
	}
	from := as("/from")
	want, _ := dump(t, from)
	for _, path := range []string{"/other", "/bare"} {
		to := as(path)
		live, _ := dump(t, to)
		p := exactly(t, want, live, to.(*zk.Target).Who())
		w, err := to.Begin(t.Context(), target.Run{ID: "exact", Root: p.Root})
		if err != nil {
			t.Fatal(err)
		}
		done, err := carryOut(t.Context(), w, p, 900)
		w.End()
		if err != nil || done != len(p.Changes)+len(p.Access) {
			t.Fatalf("%d of %d: %v", done, len(p.Changes)+len(p.Access), err)
		}
		now, _ := dump(t, to)
		if again := exactly(t, want, now, to.(*zk.Target).Who()); !again.Empty() || len(now.nodes) != len(want.nodes) {
			t.Errorf("%s: %d nodes, and there is left: %v %v", path, len(now.nodes), again.Changes, again.Access)
		}
	}
	// What somebody else has changed meanwhile is not taken for what it was.
	to := as("/other")
	live, _ := dump(t, to)
	delete(want.nodes, "ns01/c00005")
	p := exactly(t, want, live, to.(*zk.Target).Who())
	if len(p.Changes) != 1 || len(p.Access) != 0 {
		t.Fatal(p.Changes, p.Access)
	}
	zktest.Write(t, client, root+"/other/ns01/c00005", []byte("changed"))
	w, err := to.Begin(t.Context(), target.Run{ID: "exact"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	if done, err := carryOut(t.Context(), w, p, 900); err == nil || done > 0 || !strings.Contains(err.Error(), "ns01/c00005") {
		t.Errorf("%d done: %v", done, err)
	}
}
