package targettest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// tb is the common part of *testing.T and *rapid.T.
type tb interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Skip(args ...any)
	Context() context.Context
}

// place is the place of one test, with a client and helpers.
type place struct {
	tb
	Fixture
	target target.Target
}

// contents is a tree: JSON texts by namespace and configuration.
type contents map[string]map[string]string

func (c contents) tree() *plan.Tree {
	t := &plan.Tree{}
	for name, configs := range c {
		ns := plan.Namespace{Name: name}
		for config, data := range configs {
			ns.Configs = append(ns.Configs, plan.Config{Name: config, Value: plan.NewValue([]byte(data))})
		}
		t.Namespaces = append(t.Namespaces, ns)
	}
	t.Sort()
	return t
}

// whole deletes everything that the tree does not declare.
var whole = plan.Options{Prune: plan.PruneNamespaces}

func (p *place) snapshot() *plan.Snapshot {
	p.Helper()
	return snapshotOf(p, p.target)
}

func snapshotOf(p *place, client target.Target) *plan.Snapshot {
	p.Helper()
	s, err := client.Snapshot(p.Context(), target.ReadOptions{})
	if err != nil {
		p.Fatalf("Snapshot: %v", err)
	}
	return s
}

// plan returns the changes that lead to want, in the order of a batch.
func (p *place) plan(want contents) []plan.Change {
	p.Helper()
	return p.changes(plan.Diff(want.tree(), p.snapshot(), whole))
}

func (p *place) changes(pl *plan.Plan) []plan.Change {
	p.Helper()
	for _, problem := range pl.Problems {
		p.Fatalf("Diff: %v", problem)
	}
	return inOrder(pl.Changes)
}

// inOrder sorts changes: a parent is created before its children, and deleted after
// them.
func inOrder(changes []plan.Change) []plan.Change {
	rank := func(c plan.Change) int {
		switch {
		case !c.Key.IsNamespace():
			return 1
		case c.Action == plan.Delete:
			return 2
		default:
			return 0
		}
	}
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b plan.Change) int { return rank(a) - rank(b) })
	return changes
}

// apply applies changes. It fails the test on an error.
func (p *place) apply(changes []plan.Change) {
	p.Helper()
	for _, c := range changes {
		if err := p.target.Check(c); err != nil {
			p.Fatalf("Check of %s %s: %v", c.Action, plan.Quote(c.Key.String()), err)
		}
	}
	if err := write(p.Context(), p.target, changes); err != nil {
		p.Fatalf("Apply: %v", err)
	}
}

// become changes the place to want. It checks that the result is want and that a new
// plan is empty.
func (p *place) become(want contents) {
	p.Helper()
	p.apply(p.plan(want))
	p.is(want)
}

// is checks that the content of the place is want, byte for byte.
func (p *place) is(want contents) {
	p.Helper()
	s := p.snapshot()
	if d := cmp.Diff(map[string]map[string]string(want), written(s)); d != "" {
		p.Fatalf("the target holds (-want +got):\n%s", d)
	}
	if left := plan.Diff(want.tree(), s, whole); !left.Empty() {
		p.Fatalf("a second plan has %d changes, of %s first", len(left.Changes), left.Changes[0].Key)
	}
	for name, configs := range want {
		if _, exists := p.Read(name, ""); !exists {
			p.Errorf("there is no namespace %q", name)
		}
		for config, data := range configs {
			if got, exists := p.Read(name, config); !exists || string(got) != data {
				p.Errorf("%s/%s: stored is %.100q (exists: %v), want %.100q", name, config, got, exists, data)
			}
		}
	}
}

// written is the inverse of contents.tree.
func written(s *plan.Snapshot) map[string]map[string]string {
	c := map[string]map[string]string{}
	for _, ns := range s.Namespaces {
		c[ns.Name] = map[string]string{}
		for _, config := range ns.Configs {
			c[ns.Name][config.Name] = string(config.Value.Reveal())
		}
	}
	return c
}

// conflict applies changes, checks that they fail with a *target.Conflict and change
// nothing, and returns the error.
func (p *place) conflict(changes []plan.Change) *target.Conflict {
	p.Helper()
	before := p.snapshot()
	err := write(p.Context(), p.target, changes)
	var conflict *target.Conflict
	if !errors.As(err, &conflict) {
		p.Fatalf("Apply: got %v, want a *target.Conflict", err)
	}
	if len(conflict.Moved) == 0 {
		p.Fatal("the conflict names nothing that moved")
	}
	p.unchanged(before)
	return conflict
}

// moved is conflict for a single object. It also checks What.
func (p *place) moved(changes []plan.Change, key plan.Key, what string) target.Moved {
	p.Helper()
	conflict := p.conflict(changes)
	if len(conflict.Moved) != 1 || conflict.Moved[0].Change.Key != key {
		p.Fatalf("the conflict is %q, want one of %s alone", conflict, key)
	}
	m := conflict.Moved[0]
	if what != "" && m.What() != what {
		p.Errorf("%s %q, want %q", key, m.What(), what)
	}
	return m
}

// unchanged checks that the place, including its revisions, has not changed.
func (p *place) unchanged(before *plan.Snapshot) {
	p.Helper()
	after := p.snapshot()
	if after.Exists != before.Exists {
		p.Errorf("the root's existing is %v, and was %v", after.Exists, before.Exists)
	}
	if d := cmp.Diff(written(before), written(after)); d != "" {
		p.Fatalf("something was changed (-before +after):\n%s", d)
	}
	if d := cmp.Diff(revisions(before), revisions(after)); d != "" {
		p.Fatalf("something was written again (-before +after):\n%s", d)
	}
}

func revisions(s *plan.Snapshot) map[plan.Key]plan.Revision {
	all := map[plan.Key]plan.Revision{}
	for _, ns := range s.Namespaces {
		all[plan.Key{Namespace: ns.Name}] = ns.Revision
		for _, c := range ns.Configs {
			all[plan.Key{Namespace: ns.Name, Config: c.Name}] = c.Revision
		}
	}
	return all
}

func (p *place) canceledContext() context.Context {
	ctx, cancel := context.WithCancel(p.Context())
	cancel()
	return ctx
}

// live returns a configuration of a snapshot.
func (p *place) live(s *plan.Snapshot, key plan.Key) plan.LiveConfig {
	p.Helper()
	for _, ns := range s.Namespaces {
		for _, c := range ns.Configs {
			if ns.Name == key.Namespace && c.Name == key.Config {
				return c
			}
		}
	}
	p.Fatalf("the snapshot has no %s", plan.Quote(key.String()))
	return plan.LiveConfig{}
}

// padded returns a JSON list of exactly size bytes. size must be at least 4.
func padded(size int) string {
	return `["` + string(bytes.Repeat([]byte("x"), max(size-4, 0))) + `"]`
}

// write applies changes as one batch of a run.
func write(ctx context.Context, client target.Target, changes []plan.Change) error {
	w, err := client.Begin(ctx, target.Run{ID: "run", Wait: 30 * time.Second})
	if err != nil {
		return err
	}
	err = w.Apply(ctx, target.Batch{Number: 1, Changes: changes})
	return errors.Join(err, w.End())
}
