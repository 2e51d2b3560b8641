package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// limits are those of a backend whose changes cost their value and 10 bytes.
func limits(bytes, ops int) target.Limits {
	return target.Limits{
		Bytes: bytes, Ops: ops, Overhead: 100,
		Cost: func(c plan.Change) int { return 10 + c.After.Size() },
	}
}

func change(action plan.Action, namespace, config string, size int) plan.Change {
	c := plan.Change{Key: plan.Key{Namespace: namespace, Config: config}, Action: action}
	if config != "" && action != plan.Delete {
		c.After = plan.NewValue(bytes.Repeat([]byte("x"), size))
	}
	return c
}

// names returns the batches by the names of what they change.
func names(batches [][]plan.Change) string {
	var all []string
	for _, b := range batches {
		var keys []string
		for _, c := range b {
			keys = append(keys, c.Action.Symbol()+c.Key.String())
		}
		all = append(all, strings.Join(keys, " "))
	}
	return strings.Join(all, " | ")
}

func TestBatches(t *testing.T) {
	const create, update, remove = plan.Create, plan.Update, plan.Delete
	for _, test := range []struct {
		name    string
		limits  target.Limits
		changes []plan.Change
		want    string
	}{
		{"nothing is no batch", limits(1000, 10), nil, ""},
		{
			"a backend without limits has one", target.Limits{},
			[]plan.Change{change(create, "a", "x", 1e6), change(create, "b", "y", 1e6)}, "+a/x +b/y",
		},
		{
			"small namespaces share one", limits(1000, 10),
			[]plan.Change{change(create, "a", "", 0), change(create, "a", "x", 50), change(update, "b", "y", 50)}, "+a +a/x ~b/y",
		},
		{
			"a namespace goes elsewhere rather than be split", limits(400, 10),
			[]plan.Change{
				change(create, "a", "x", 150),
				change(create, "b", "y", 100), change(create, "b", "z", 100),
			}, "+a/x | +b/y +b/z",
		},
		{
			"one that fits nowhere is split where a batch is full", limits(400, 10),
			[]plan.Change{
				change(create, "a", "w", 50),
				change(create, "b", "", 0), change(create, "b", "x", 150), change(create, "b", "y", 150), change(create, "b", "z", 150),
				change(create, "c", "x", 50),
			}, "+a/w | +b +b/x | +b/y | +b/z +c/x",
		},
		{
			"the number of changes counts too", limits(1e6, 2),
			[]plan.Change{change(create, "a", "x", 1), change(create, "b", "y", 1), change(create, "b", "z", 1)}, "+a/x | +b/y +b/z",
		},
		{
			"what does not fit at all has a batch of its own", limits(400, 10),
			[]plan.Change{change(create, "a", "x", 1), change(create, "a", "y", 1000), change(create, "a", "z", 1)}, "+a/x | +a/y | +a/z",
		},
		{
			"a namespace is deleted after what is in it", limits(1000, 10),
			[]plan.Change{change(remove, "a", "", 0), change(remove, "a", "x", 0), change(remove, "a", "y", 0)}, "-a/x -a/y -a",
		},
		{
			"also over several batches", limits(1000, 2),
			[]plan.Change{change(remove, "a", "", 0), change(remove, "a", "x", 0), change(remove, "a", "y", 0)}, "-a/x -a/y | -a",
		},
	} {
		if got := names(Batches(test.changes, test.limits, false)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestBatchesCountHistory: previous values take their place in a batch, as they
// are compressed.
func TestBatchesCountHistory(t *testing.T) {
	update := func(before func() byte) []plan.Change {
		var all []plan.Change
		for i := range 4 {
			c := change(plan.Update, "a", fmt.Sprint(i), 100)
			value := make([]byte, 3000)
			for i := range value {
				value[i] = before()
			}
			c.Before = plan.NewValue(value)
			all = append(all, c)
		}
		return all
	}
	same := func() byte { return 'x' }
	noise := func() byte { return byte(rand.Uint32()) }
	if got := len(Batches(update(same), limits(4000, 10), true)); got != 1 {
		t.Errorf("what compresses well takes %d batches", got)
	}
	if got := len(Batches(update(noise), limits(8000, 10), true)); got != 4 {
		t.Errorf("what does not compress takes %d batches", got)
	}
	if got := len(Batches(update(noise), limits(8000, 10), false)); got != 1 {
		t.Errorf("without history it takes %d batches", got)
	}
}

// TestBatchesLaws: whatever the changes, every one is in one batch, none of
// which is too large unless it can't be split.
func TestBatchesLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var changes []plan.Change
		for n := range rapid.IntRange(0, 6).Draw(t, "namespaces") {
			for c := range rapid.IntRange(0, 8).Draw(t, "configurations") {
				changes = append(changes, change(plan.Create, fmt.Sprint(n), fmt.Sprint(c), rapid.IntRange(0, 300).Draw(t, "size")))
			}
		}
		l := limits(rapid.IntRange(150, 2000).Draw(t, "bytes"), rapid.IntRange(1, 10).Draw(t, "ops"))
		var together []plan.Key
		for _, b := range Batches(changes, l, false) {
			size := l.Overhead
			for _, c := range b {
				size += l.Cost(c)
				together = append(together, c.Key)
			}
			if len(b) > l.Ops || size > l.Bytes && len(b) > 1 {
				t.Fatalf("a batch has %d changes and %d bytes", len(b), size)
			}
		}
		var want []plan.Key
		for _, c := range changes {
			want = append(want, c.Key)
		}
		if diff := cmp.Diff(want, together); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestEntries: what was there before comes back out of an entry byte for byte,
// whatever it was.
func TestEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var changes []plan.Change
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			c := plan.Change{
				Key:    plan.Key{Namespace: rapid.String().Draw(t, "namespace"), Config: rapid.String().Draw(t, "configuration")},
				Action: plan.Update,
			}
			data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
			if rapid.Bool().Draw(t, "null") {
				data = nil
			}
			switch {
			case c.Key.IsNamespace():
			case data == nil:
				c.Before = plan.NullValue()
			case rapid.Bool().Draw(t, "unreadable"):
				c.Before = plan.Unreadable(data, rapid.String().Draw(t, "reason")+"!")
			default:
				c.Before = plan.NewValue(data)
			}
			c.After = plan.NewValue([]byte(rapid.String().Draw(t, "after")))
			changes = append(changes, c)
		}
		header := Header{
			ID: "id", Batch: 2, Of: 3, Time: time.Unix(1_700_000_000, 0).UTC(),
			Who: "who", Host: "host", Reason: rapid.String().Draw(t, "reason"), Tool: "tool",
		}
		stored, err := encodeEntry(header, changes, target.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if most := headerMost + len(pack(changes, writes)); len(stored) > most {
			t.Errorf("an entry has %d bytes, where %d were reckoned with", len(stored), most)
		}
		got, err := DecodeEntry(stored)
		if err != nil {
			t.Fatal(err)
		}
		if got.Update != len(changes) || got.Batch != 2 || got.Of != 3 || !strings.HasPrefix(header.Reason, got.Reason[:min(len(got.Reason), 1)]) {
			t.Errorf("the header is %+v", got.Header)
		}
		if len(got.Previous) != len(changes) {
			t.Fatalf("%d records, not %d", len(got.Previous), len(changes))
		}
		for i, p := range got.Previous {
			c := changes[i]
			before, existed := p.Before()
			if p.Key() != c.Key || p.Action != "update" || !existed || !c.Key.IsNamespace() && !before.Same(c.Before) {
				t.Errorf("record %d is %+v", i, p)
			}
			if !c.Key.IsNamespace() && (!p.wrote(state{true, c.After}) || p.wrote(state{true, plan.NewValue([]byte("else"))})) {
				t.Errorf("what change %d wrote is not known again", i)
			}
		}
	})
}

// TestBrokenEntries: an entry that was cut or changed is an error, and nothing
// worse.
func TestBrokenEntries(t *testing.T) {
	c := change(plan.Update, "a", "b", 10)
	c.Before = plan.NewValue([]byte(`{"a": "` + strings.Repeat("before", 50) + `"}`))
	stored, err := encodeEntry(Header{ID: "id"}, []plan.Change{c}, target.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range stored {
		if _, err := DecodeEntry(stored[:i]); err == nil && i < len(stored) && bytes.IndexByte(stored[:i], '\n') != i-1 {
			t.Errorf("cut after %d of %d bytes, it can be read", i, len(stored))
		}
	}
	newer := bytes.Replace(stored, []byte(`"version":2`), []byte(`"version":3`), 1)
	if _, err := DecodeEntry(newer); err == nil || !strings.Contains(err.Error(), "a newer confo-sync wrote it") {
		t.Errorf("of a newer version: %v", err)
	}
}

// scripted is a target that answers each batch as it is told to.
type scripted struct {
	target.Target
	answers []error
	got     []target.Batch
	ended   bool
	after   func(batch int)
}

func (s *scripted) Limits() target.Limits { return limits(1000, 1) }
func (s *scripted) Begin(context.Context, target.Run) (target.Writer, error) {
	return s, nil
}
func (s *scripted) SetDocuments(context.Context, ...target.Document) error { return nil }

func (s *scripted) HistoryNames(context.Context, bool) ([]target.EntryInfo, error) { return nil, nil }
func (s *scripted) Forget(context.Context, []string) error                         { return nil }

func (s *scripted) End() error { s.ended = true; return nil }

func (s *scripted) Apply(_ context.Context, b target.Batch) error {
	s.got = append(s.got, b)
	if s.after != nil {
		s.after(b.Number)
	}
	return s.answers[b.Number-1]
}

func (s *scripted) Features() target.Features { return target.Features{ACLs: true} }

func (s *scripted) ReadOld(context.Context, []plan.Change) error { return nil }

func (s *scripted) SetAccess(_ context.Context, b target.Batch, done func(i int)) error {
	s.got = append(s.got, b)
	for i := range b.Changes {
		done(i)
	}
	return s.answers[b.Number-1]
}

func TestRun(t *testing.T) {
	p := &plan.Plan{Changes: []plan.Change{
		change(plan.Create, "a", "x", 1), change(plan.Update, "a", "y", 1), change(plan.Delete, "a", "z", 1),
	}}
	failure := errors.New("out of luck")
	for _, test := range []struct {
		name                          string
		answers                       []error
		applied, failed, notAttempted int
		err                           error
	}{
		{"all goes well", []error{nil, nil, nil}, 3, 0, 0, nil},
		{"the first fails", []error{failure}, 0, 1, 2, failure},
		{"the second fails", []error{nil, failure}, 1, 1, 1, failure},
		{"the last fails", []error{nil, nil, failure}, 2, 1, 0, failure},
		{"the lock is lost before a batch", []error{nil, &target.LockLost{}}, 1, 1, 1, &target.LockLost{}},
		{"the lock is lost after a batch", []error{nil, &target.LockLost{Applied: true}}, 2, 0, 1, &target.LockLost{Applied: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &scripted{answers: test.answers}
			result, err := Run(t.Context(), s, p, Options{Who: "me", Tool: "test"})
			if len(result.Applied) != test.applied || result.Transactions != test.applied {
				t.Errorf("applied are %d in %d transactions", len(result.Applied), result.Transactions)
			}
			var stopped *Stopped
			switch {
			case test.err == nil:
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &stopped):
				t.Errorf("Run: %v", err)
			default:
				if len(stopped.Failed) != test.failed || stopped.NotAttempted != test.notAttempted || err.Error() != test.err.Error() {
					t.Errorf("failed are %d, not attempted %d: %v", len(stopped.Failed), stopped.NotAttempted, err)
				}
			}
			if !s.ended {
				t.Error("the lock was not given back")
			}
			for i, b := range s.got {
				e, err := DecodeEntry(b.Entry)
				if err != nil || b.Number != i+1 || e.Batch != i+1 || e.Of != 3 || e.ID != result.ID || e.Who != "me" {
					t.Errorf("batch %d has the entry %+v, %v", b.Number, e, err)
				}
			}
		})
	}
	t.Run("it is interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		s := &scripted{answers: []error{nil, nil, nil}, after: func(n int) {
			if n == 2 {
				cancel(why)
			}
		}}
		result, err := Run(ctx, s, p, Options{})
		var stopped *Stopped
		if !errors.As(err, &stopped) || !errors.Is(err, why) || len(result.Applied) != 2 || len(stopped.Failed) != 0 || stopped.NotAttempted != 1 {
			t.Errorf("applied are %d: %+v", len(result.Applied), err)
		}
	})
}

// TestUnknownOutcome: a batch of which it is not known whether it was applied is not
// called failed.
func TestUnknownOutcome(t *testing.T) {
	p := &plan.Plan{Changes: []plan.Change{change(plan.Create, "a", "x", 1), change(plan.Update, "a", "y", 1), change(plan.Delete, "a", "z", 1)}}
	s := &scripted{answers: []error{nil, &target.Unknown{Err: errors.New("no answer")}}}
	_, err := Run(t.Context(), s, p, Options{NoHistory: true})
	var stopped *Stopped
	if !errors.As(err, &stopped) || len(stopped.Failed) != 0 || len(stopped.Unknown) != 1 || stopped.NotAttempted != 1 {
		t.Errorf("it stopped with %+v", stopped)
	}
}
