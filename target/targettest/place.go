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

// tb is what tests need of a *testing.T, and what a *rapid.T has as well.
type tb interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Skip(args ...any)
	Context() context.Context
}

// place is one test's place, with a client and what tests do with it.
type place struct {
	tb
	Fixture
	target target.Target
}

// contents is a tree written down: namespaces, configurations, JSON.
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

// whole deletes whatever the tree lacks.
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

// inOrder puts parents before their children when they are made, and after
// them when they are deleted.
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

// apply applies changes, which must go through.
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

// become brings the place to want, and has it checked that it is there and
// that nothing is left to do.
func (p *place) become(want contents) {
	p.Helper()
	p.apply(p.plan(want))
	p.is(want)
}

// is checks that the place holds exactly want, byte for byte.
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

// conflict applies changes that must be refused with a *target.Conflict, leaves
// nothing of them, and returns it.
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

// moved is conflict, with what must have happened to one object alone.
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

// unchanged checks that the place is as it was, to the revisions.
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

// padded returns a JSON list of exactly size bytes, at least 4.
func padded(size int) string {
	return `["` + string(bytes.Repeat([]byte("x"), max(size-4, 0))) + `"]`
}

// write writes changes as one batch, as one apply.
func write(ctx context.Context, client target.Target, changes []plan.Change) error {
	w, err := client.Begin(ctx, target.Run{ID: "run", Wait: 30 * time.Second})
	if err != nil {
		return err
	}
	err = w.Apply(ctx, target.Batch{Number: 1, Changes: changes})
	return errors.Join(err, w.End())
}
