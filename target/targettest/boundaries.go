package targettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// prompt is the time within which a canceled operation must end.
const prompt = 5 * time.Second

func canceledSnapshot(p *place) {
	p.become(start)
	began := time.Now()
	s, err := p.target.Snapshot(p.canceledContext(), target.ReadOptions{})
	if !errors.Is(err, context.Canceled) {
		p.Errorf("Snapshot: got %v, want context.Canceled", err)
	}
	if s != nil {
		p.Error("there is a snapshot")
	}
	if took := time.Since(began); took > prompt {
		p.Errorf("it took %v", took)
	}
	p.is(start)
}

func canceledApply(p *place) {
	// Test with and without a root.
	for _, want := range []contents{start, {"lab": {"laser": `{}`}}} {
		before := p.snapshot()
		changes := p.plan(want)
		began := time.Now()
		err := write(p.canceledContext(), p.target, changes)
		if !errors.Is(err, context.Canceled) {
			p.Errorf("Apply: got %v, want context.Canceled", err)
		}
		var unknown *target.Unknown
		if errors.As(err, &unknown) {
			p.Errorf("Apply doesn't know whether it applied: %v", err)
		}
		if took := time.Since(began); took > prompt {
			p.Errorf("it took %v", took)
		}
		p.unchanged(before)
		p.become(want)
	}
}

func foreign(p *place) {
	if p.PutForeign == nil {
		p.Skip("this backend knows nothing foreign")
	}
	p.become(start)
	intact := p.PutForeign("shop")
	before := p.snapshot()
	if len(before.Foreign) == 0 {
		p.Error("the snapshot doesn't report it")
	}
	for _, f := range before.Foreign {
		if f.Key.Namespace != "shop" || f.Path == "" || f.What == "" {
			p.Errorf("it is reported as %+v", f)
		}
	}

	// Its neighbors change.
	want := contents{"shop": {"limits": `{"max": 4}`}}
	if data, exists := p.Read("shop", "foreign"); exists {
		want["shop"]["foreign"] = string(data)
	}
	p.become(want)
	if !intact() {
		p.Fatal("it is gone")
	}

	// The namespace can't be deleted: at the latest, Apply refuses.
	before = p.snapshot()
	remove := plan.Diff(contents{}.tree(), before, whole)
	if len(remove.Problems) == 0 {
		if err := write(p.Context(), p.target, inOrder(remove.Changes)); err == nil {
			p.Error("its namespace was deleted")
		}
	}
	p.unchanged(before)

	// The same applies if the foreign object was created after the plan was made.
	p.become(contents{"shop": want["shop"], "office": {"printer": `{}`}})
	changes := p.plan(contents{"shop": want["shop"]})
	intactToo := p.PutForeign("office")
	before = p.snapshot()
	if err := write(p.Context(), p.target, changes); err == nil {
		p.Error("its namespace was deleted behind the plan's back")
	}
	p.unchanged(before)
	if !intact() || !intactToo() {
		p.Error("it is gone")
	}
}

func limits(p *place) {
	l := p.target.Limits()
	if l.Bytes > 0 && l.Cost == nil {
		p.Fatal("there is a limit of bytes and no cost")
	}
	create := func(config string, data string) plan.Change {
		return plan.Change{
			Key: plan.Key{Namespace: "full", Config: config}, Action: plan.Create,
			After: plan.NewValue([]byte(data)),
		}
	}
	cost := func(changes []plan.Change) int {
		sum := 0
		for _, c := range changes {
			if l.Cost != nil {
				sum += l.Cost(c)
			}
		}
		return sum
	}
	namespace := plan.Change{Key: plan.Key{Namespace: "full"}, Action: plan.Create}

	// The maximum number of changes.
	many := []plan.Change{namespace}
	for i := range 2000 {
		c := create(fmt.Sprintf("c%d", i), `{}`)
		if l.Ops > 0 && len(many) == l.Ops || l.Bytes > 0 && cost(many)+l.Cost(c) > l.Bytes {
			break
		}
		many = append(many, c)
	}
	p.apply(many)
	if got := p.snapshot().Configs(); got != len(many)-1 {
		p.Fatalf("%d configurations were made of %d", got, len(many)-1)
	}
	p.deleteInBatches("full", l)

	// The maximum number of bytes.
	if l.Bytes == 0 {
		return
	}
	large := []plan.Change{namespace}
	for i := 0; l.Bytes-cost(large) > 0; i++ {
		c := create(fmt.Sprintf("c%d", i), padded(l.Bytes/8))
		if room := l.Bytes - cost(large) - l.Cost(c); room < 0 {
			if c.After.Size()+room < 4 {
				break
			}
			c = create(fmt.Sprintf("c%d", i), padded(c.After.Size()+room))
		}
		large = append(large, c)
	}
	if sum := cost(large); sum > l.Bytes {
		p.Fatalf("the suite made a batch of %d bytes, more than %d", sum, l.Bytes)
	}
	p.apply(large)
	p.is(func() contents {
		want := contents{"full": {}}
		for _, c := range large[1:] {
			want["full"][c.Key.Config] = string(c.After.Reveal())
		}
		return want
	}())
}

// deleteInBatches deletes a namespace in batches within the limits.
func (p *place) deleteInBatches(namespace string, l target.Limits) {
	p.Helper()
	changes := p.plan(contents{})
	size := len(changes)
	if l.Ops > 0 {
		size = min(size, l.Ops/2)
	}
	if l.Bytes > 0 {
		size = min(size, 100)
	}
	for batch := range slices.Chunk(changes, size) {
		p.apply(batch)
	}
	if _, exists := p.Read(namespace, ""); exists {
		p.Fatalf("the namespace %s is still there", namespace)
	}
}
