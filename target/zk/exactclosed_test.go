package zk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestExactStopped: wherever it stops, nothing is read by who is not to read it, and run
// again it goes on.
func TestExactStopped(t *testing.T) {
	t.Parallel()
	addr, root := zktest.Addr(t), zktest.Root(t)
	client, proxy := zktest.Client(t, addr), zktest.NewProxy(t, addr)
	as := func(addr, path string) *zk.Target {
		return open(t, "zk://"+addr+root+path, shortSession, func(o *zk.Options) {
			o.Credentials = []zk.Credentials{zk.NewCredentials("me", "secret")}
			o.BatchOps = 5
		})
	}
	mine := gozk.DigestACL(gozk.PermAll, "me", "secret")[0].ID
	list := func(rights string) plan.Access { return plan.Access{"digest:" + mine + ":" + rights} }
	world := plan.Access{"world:anyone:cdrwa"}
	want := &dumped{nodes: map[string]plan.Stored{"": {Value: plan.NullValue(), Access: world}}}
	put := func(path string, access plan.Access) {
		want.nodes[path] = plan.Stored{Path: path, Value: plan.NewValue([]byte("secret")), Access: access}
	}
	put("a", list("cdrwa"))
	put("a/was-open", list("cdrwa"))
	put("b", list("ra")) // nothing may be created in it
	put("c", world)
	for i := range 12 {
		put(fmt.Sprintf("a/%02d", i), list("cdrwa"))
		put(fmt.Sprintf("b/%02d", i), list("ra"))
		put(fmt.Sprintf("c/%02d", i), list("rwa"))
	}
	mend := func(to, read *zk.Target) error {
		t.Helper()
		live, _ := dump(t, read)
		p := exactly(t, want, live, to.Who())
		w, err := begin(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		defer w.End()
		_, err = carryOut(t.Context(), w, p, 5)
		return err
	}
	readable := func(path string) bool {
		t.Helper()
		_, _, err := client.Get(root + path)
		if err != nil && err != gozk.ErrNoAuth && err != gozk.ErrNoNode {
			t.Fatal(err)
		}
		data, _, _ := client.Get(root + path)
		return string(data) == "secret"
	}
	for i, stop := range []struct {
		op int32
		n  int
	}{{zktest.OpMulti, 2}, {zktest.OpMulti, 3}, {zktest.OpMulti, 5}, {opSetACL, 1}, {opSetACL, 2}} {
		at := fmt.Sprint("/to", i)
		zktest.Write(t, client, root+at+"/a/was-open", []byte("nothing"))
		proxy.Once(stop.op, stop.n, zktest.DropCut)
		if err := mend(as(proxy.Addr, at), as(addr, at)); err == nil {
			t.Fatalf("it is not stopped at %v", stop)
		}
		for path, s := range want.nodes {
			if !s.Access.Same(world) && readable(at+"/"+path) {
				t.Errorf("stopped at %v, anybody reads %s", stop, path)
			}
		}
		proxy.Judge(func(int32) zktest.Verdict { return zktest.Pass })
		if err := mend(as(addr, at), as(addr, at)); err != nil {
			t.Errorf("run again: %v", err)
		}
		now, _ := dump(t, as(addr, at))
		if rest := exactly(t, want, now, nil); !rest.Empty() {
			t.Errorf("run again, there is left: %v %v", rest.Changes, rest.Access)
		}
	}
}

// TestRefusedList: a list that the server does not take is named, with the entry, and
// nothing is written that it is for.
func TestRefusedList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	sasl := plan.Access{"world:anyone:cdrwa", "sasl:bob:r"}
	words := func(err error, path string) {
		t.Helper()
		var refused *zk.RefusedList
		var hinted *target.Hinted
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), path+": the server refuses the ACL: of world:anyone:cdrwa, sasl:bob:r it refuses sasl:bob:r") ||
			!errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "an authProvider for sasl") {
			t.Errorf("it is %v", err)
		}
	}
	c := create("a", "new", "{}")
	c.New.Access = sasl
	words(write(t.Context(), s.direct, create("a", "before", "{}"), c), "create "+s.root+"/a/new")
	if s.has("before") || s.has("new") {
		t.Error("a part of it is there")
	}
	w, err := begin(t.Context(), s.direct)
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	value := plan.NewValue([]byte("secret"))
	created := plan.Change{Path: "a/new/child", Action: plan.Create, After: value, New: plan.Meta{Access: sasl}}
	if err := w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "new", "{}")}}); err != nil {
		t.Fatal(err)
	}
	words(w.Apply(t.Context(), target.Batch{Number: 2, Changes: []plan.Change{created}}), "create "+s.root+"/a/new/child")

	// One that is not set does not keep it from the others, but from writing.
	good := plan.Access{"world:anyone:cdrwa", "ip:10.1.2.3:r"}
	set := func(key plan.Key, access plan.Access) plan.Change {
		return plan.Change{Key: key, Action: plan.SetAccess, New: plan.Meta{Access: access}, First: true}
	}
	done, err := carryOut(t.Context(), w, &plan.Plan{
		Access:  []plan.Change{set(plan.Key{Namespace: "a", Config: "first"}, sasl), set(plan.Key{Namespace: "a"}, good)},
		Changes: []plan.Change{{Key: plan.Key{Namespace: "a", Config: "first"}, Action: plan.Update, After: value}},
	}, 5)
	words(err, "set the ACL of "+s.root+"/a/first")
	acl, _, _ := s.client.GetACL(s.root + "/a")
	data, _, _ := s.client.Get(s.root + "/a/first")
	if done != 1 || len(acl) != 2 || string(data) != "{}" {
		t.Errorf("%d done, %v, %s", done, acl, data)
	}
}
