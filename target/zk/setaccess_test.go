package zk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// opSetACL is the request that sets an access list.
const opSetACL = 7

// TestSetAccess sets access lists one by one: nobody else's is overwritten, and what was
// cut short is what a plan has left.
func TestSetAccess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var made []plan.Change
	for i := range 9 {
		made = append(made, create("a", fmt.Sprint("c", i), "{}"))
	}
	if err := write(t.Context(), s.direct, made...); err != nil {
		t.Fatal(err)
	}
	pattern, err := plan.ParsePattern("a/**")
	if err != nil {
		t.Fatal(err)
	}
	list := plan.Access{"world:anyone:cdrwa", "ip:10.1.2.3:r"}
	opts := plan.Options{Access: []plan.AccessRule{{Pattern: pattern, Access: list}}}
	left := func() []plan.Change {
		t.Helper()
		live, err := s.direct.Snapshot(t.Context(), target.ReadOptions{Access: opts.HasAccess})
		if err != nil {
			t.Fatal(err)
		}
		return plan.Diff(live.Tree(), live, opts).Access
	}
	set := func(to target.Target, changes []plan.Change) (done int, err error) {
		t.Helper()
		w, err := begin(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		defer w.End()
		return done, w.SetAccess(t.Context(), target.Batch{Number: 1, Changes: changes, Entry: []byte("entry")}, func(int) { done++ })
	}

	// Somebody else is faster at one of them.
	changes := left()
	if len(changes) != 11 || changes[10].Key != (plan.Key{Namespace: "a"}) {
		t.Fatalf("there is to set: %v", changes)
	}
	theirs := append(gozk.WorldACL(gozk.PermAll), gozk.DigestACL(gozk.PermRead, "me", "secret")...)
	if _, err := s.client.SetACL(s.root+"/a/c3", theirs, -1); err != nil {
		t.Fatal(err)
	}
	_, err = set(s.direct, changes)
	var conflict *target.Conflict
	if !errors.As(err, &conflict) || !strings.Contains(err.Error(), "a/c3 got a different ACL from someone else") {
		t.Errorf("it is %v", err)
	}
	if acl, _, _ := s.client.GetACL(s.root + "/a/c3"); len(acl) != 2 || acl[1].Scheme != "digest" {
		t.Errorf("it is overwritten: %v", acl)
	}
	if rest := left(); len(rest) == 0 || rest[len(rest)-1].Key != (plan.Key{Namespace: "a"}) {
		t.Errorf("the namespace was set before all that is in it: %v", rest)
	}

	// An answer is lost, or a request: what became of it is found out.
	before := left()
	s.proxy.Once(opSetACL, 1, zktest.PassCut)
	if n, err := set(s.target, before[:1]); err != nil || n != 1 || len(left()) != len(before)-1 {
		t.Errorf("without an answer %d are set, and it is %v", n, err)
	}
	s.proxy.Once(opSetACL, 1, zktest.DropCut)
	n, err := set(s.target, before[1:2])
	var unknown *target.Unknown
	if err == nil || errors.As(err, &unknown) || n != 0 || len(left()) != len(before)-1 {
		t.Errorf("without a request %d are set, and it is %v", n, err)
	}
	if n, err := set(s.direct, left()); err != nil || len(left()) != 0 {
		t.Errorf("%d set, then %v, and %d left", n, err, len(left()))
	}

	// What the server does not take has its words.
	opts.Access[0].Access = plan.Access{"world:anyone:cdrwa", "sasl:me:r"}
	if _, err := set(s.direct, left()[:1]); err == nil || !strings.Contains(err.Error(), "set the ACL of "+s.root+"/a/") {
		t.Errorf("of a scheme that the server does not know: %v", err)
	}
}
