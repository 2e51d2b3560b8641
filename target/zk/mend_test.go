package zk_test

import (
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

// TestMend makes one tree what another is, node by node and access list by access
// list, where there is another tree already, and where there is next to nothing.
func TestMend(t *testing.T) {
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
		mends, left, err := plan.Exactly(want.all(), live.all(), func(string) bool { return true }, to.(*zk.Target).Who())
		if err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
		w, err := to.Begin(t.Context(), target.Run{ID: "mend", Wait: target.Run{}.Wait})
		if err != nil {
			t.Fatal(err)
		}
		done, err := w.(target.Mender).Mend(t.Context(), mends, nil)
		w.End()
		if err != nil || done != len(mends) {
			t.Fatalf("%d of %d: %v", done, len(mends), err)
		}
		now, _ := dump(t, to)
		again, _, err := plan.Exactly(want.all(), now.all(), func(string) bool { return true }, to.(*zk.Target).Who())
		if err != nil || len(again) > 0 || len(now.nodes) != len(want.nodes) {
			t.Errorf("%s: %d nodes, %d steps are left: %v", path, len(now.nodes), len(again), err)
		}
	}
	// What somebody else has changed meanwhile is not taken for what it was.
	to := as("/other")
	live, _ := dump(t, to)
	delete(want.nodes, "ns01/c00005")
	mends, _, err := plan.Exactly(want.all(), live.all(), func(string) bool { return true }, to.(*zk.Target).Who())
	if err != nil || len(mends) != 1 {
		t.Fatal(mends, err)
	}
	zktest.Write(t, client, root+"/other/ns01/c00005", []byte("changed"))
	w, err := to.Begin(t.Context(), target.Run{ID: "mend"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	if done, err := w.(target.Mender).Mend(t.Context(), mends, nil); err == nil || done > 0 || !strings.Contains(err.Error(), "ns01/c00005") {
		t.Errorf("%d done: %v", done, err)
	}
}
