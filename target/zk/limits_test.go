package zk_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestFrames compares what a batch is said to cost with the bytes that go over
// the wire.
func TestFrames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	limits := s.target.Limits()
	for _, test := range []struct {
		name    string
		changes []plan.Change
	}{
		{"creates", []plan.Change{create("a", "one", `{"a": 1}`), create("a", "two", `[]`), create("b", "", ""), create("b", "é", `{}`)}},
		{"an update and a delete", []plan.Change{
			{Key: plan.Key{Namespace: "a", Config: "one"}, Action: plan.Update, After: plan.NewValue([]byte(`{"longer": true}`))},
			{Key: plan.Key{Namespace: "a", Config: "two"}, Action: plan.Delete},
		}},
	} {
		live := snapshot(t, s.direct)
		cost := 0
		for i := range test.changes {
			c := &test.changes[i]
			cost += limits.Cost(*c)
			for _, ns := range live.Namespaces {
				for _, config := range ns.Configs {
					if c.Key == (plan.Key{Namespace: ns.Name, Config: config.Name}) {
						c.Revision = config.Revision
					}
				}
			}
		}
		// Without lock and history a multi is its header and the changes.
		w, err := s.target.Begin(t.Context(), target.Run{ID: "bare", NoLock: true})
		if err != nil {
			t.Fatal(err)
		}
		s.proxy.Forget()
		if err := w.Apply(t.Context(), target.Batch{Number: 1, Changes: test.changes}); err != nil {
			t.Fatal(err)
		}
		w.End()
		const header = 17
		if sent := s.proxy.Longest(zktest.OpMulti); sent != header+cost {
			t.Errorf("%s: %d bytes were sent, and %d counted", test.name, sent, header+cost)
		}
	}
}

// TestOverhead: what a batch takes beside its changes is never more than is
// reserved for it.
func TestOverhead(t *testing.T) {
	t.Parallel()
	root := zktest.Root(t) + "/deep/er"
	proxy := zktest.NewProxy(t, zktest.Addr(t))
	to := open(t, "zk://"+proxy.Addr+root)
	limits := to.Limits()
	ns, c := create("a", "", ""), create("a", "c", "{}")
	if err := write(t.Context(), to, ns, c); err != nil {
		t.Fatal(err)
	}
	sent := proxy.Longest(zktest.OpMulti)
	reserved := limits.Overhead + limits.Cost(ns) + limits.Cost(c) + len("entry")
	if sent > reserved || sent < reserved-2500 {
		t.Errorf("%d bytes were sent, and %d reserved", sent, reserved)
	}
}

// TestLimit: the server takes a batch that is exactly as large as it may be. One
// byte more, and it drops the connection; that is found out, and said.
func TestLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const largest = 1_048_575
	fit := func(extra int) plan.Change {
		c := create("a", fmt.Sprintf("large%d", extra+1), "")
		room := largest - 17 - s.direct.Limits().Cost(c) + extra
		c.After = plan.NewValue([]byte(`"` + strings.Repeat("x", room-2) + `"`))
		return c
	}
	bare := func(c plan.Change) error {
		w, err := s.direct.Begin(t.Context(), target.Run{ID: "bare", NoLock: true})
		if err != nil {
			t.Fatal(err)
		}
		defer w.End()
		return w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{c}})
	}
	if err := bare(fit(0)); err != nil {
		t.Errorf("a batch of %d bytes: %v", largest, err)
	}
	err := bare(fit(1))
	var unknown *target.Unknown
	if err == nil || errors.As(err, &unknown) {
		t.Errorf("a batch of %d bytes: %v", largest+1, err)
	}
	if s.direct.Check(fit(1)) == nil {
		t.Error("it passes the check")
	}
}

// TestLeaderKilled kills the leader of an ensemble in the middle of an apply of
// many batches. What is said to be applied is there, and nothing else.
func TestLeaderKilled(t *testing.T) {
	servers := zktest.StartEnsemble(t, 3)
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr)
	}
	to := open(t, "zk://"+strings.Join(addrs, ","), func(o *zk.Options) {
		o.SessionTimeout = 6 * time.Second
		o.BatchOps = 20
		o.ResolveWithin = 30 * time.Second
	})
	tree := &plan.Tree{}
	for n := range 40 {
		ns := plan.Namespace{Name: fmt.Sprintf("ns%02d", n)}
		for c := range 100 {
			ns.Configs = append(ns.Configs, plan.Config{Name: fmt.Sprintf("c%03d", c), Value: plan.NewValue(fmt.Appendf(nil, `{"n": %d}`, c))})
		}
		tree.Namespaces = append(tree.Namespaces, ns)
	}
	p := plan.Diff(tree, snapshot(t, to), plan.Options{})
	var kill sync.Once
	killed := make(chan struct{})
	result, err := apply.Run(t.Context(), to, p, apply.Options{
		Tool: "test", LockTimeout: 20 * time.Second,
		Progress: func(done, _ int) {
			if done > 500 {
				kill.Do(func() {
					go func() {
						defer close(killed)
						leader(t, servers).Kill()
					}()
				})
			}
		},
	})
	<-killed
	t.Logf("%d of %d changes applied in %d transactions, then: %v", len(result.Applied), len(p.Changes), result.Transactions, err)
	var unknown *target.Unknown
	if errors.As(err, &unknown) {
		t.Errorf("the outcome is unknown: %v", err)
	}
	live := snapshot(t, to)
	there := map[plan.Key]bool{}
	for _, ns := range live.Namespaces {
		there[plan.Key{Namespace: ns.Name}] = true
		for _, c := range ns.Configs {
			there[plan.Key{Namespace: ns.Name, Config: c.Name}] = true
		}
	}
	for _, c := range result.Applied {
		if !there[c.Key] {
			t.Errorf("%s is said to be applied, and is not there", c.Key)
		}
		delete(there, c.Key)
	}
	if len(there) > 0 {
		t.Errorf("%d objects are there that are not said to be applied", len(there))
	}
	if len(result.Applied) < 500 {
		t.Errorf("only %d were applied before the leader was killed", len(result.Applied))
	}
}

func leader(t *testing.T, servers []*zktest.Server) *zktest.Server {
	for _, s := range servers {
		if answer, err := zktest.FourLetters(s.Addr, "srvr"); err == nil && strings.Contains(answer, "Mode: leader") {
			return s
		}
	}
	t.Error("there is no leader")
	return servers[0]
}

// TestWiped wipes the server between the plan and the batch.
func TestWiped(t *testing.T) {
	server := zktest.Start(t, zktest.Config{})
	to := open(t, "zk://"+server.Addr, shortSession, func(o *zk.Options) { o.ResolveWithin = 5 * time.Second })
	if err := write(t.Context(), to, create("a", "", ""), create("a", "b", "{}")); err != nil {
		t.Fatal(err)
	}
	w, err := begin(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer w.End()
	server.Restart(t, true)
	err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("a", "c", "{}")}, Entry: []byte("x")})
	if err == nil {
		t.Error("Apply says that all is well")
	}
	t.Logf("Apply: %v", err)
	// The next command finds a tree that does not exist.
	if s := snapshot(t, to); s.Exists {
		t.Error("there is a tree")
	}
}
