package targettest

import (
	"errors"
	"slices"
	"sync"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// start is the initial state for the conflict tests.
var start = contents{
	"shop":   {"limits": `{"max": 3}`, "prices": `{"vat": 19}`},
	"office": {"printer": `{"ink": "low"}`},
}

func conflictChanged(p *place) {
	p.become(start)
	key := plan.Key{Namespace: "shop", Config: "limits"}
	update := p.plan(contents{"shop": {"limits": `{"max": 4}`, "prices": `{"vat": 7}`}, "office": {}})
	p.Write(key.Namespace, key.Config, []byte(`{"max": 9}`))
	m := p.moved(update, key, "was changed by someone else")
	if !m.Exists || string(m.Now.Reveal()) != `{"max": 9}` {
		p.Errorf("the conflict has %q for what is there now (exists: %v)", m.Now.Reveal(), m.Exists)
	}
	// The same applies to deleting a changed object.
	remove := p.plan(contents{"shop": {"prices": `{"vat": 19}`}, "office": {}})
	p.Write(key.Namespace, key.Config, []byte(`{"max": 10}`))
	p.moved(remove, key, "was changed by someone else")
	// A new plan succeeds.
	p.become(contents{})
}

func conflictDeleted(p *place) {
	p.become(start)
	key := plan.Key{Namespace: "shop", Config: "limits"}
	update := p.plan(contents{"shop": {"limits": `{"max": 4}`}})
	remove := p.plan(contents{"shop": {"prices": `{"vat": 7}`}})
	p.Delete(key.Namespace, key.Config)
	for _, changes := range [][]plan.Change{update, remove} {
		if m := p.moved(changes, key, "was deleted by someone else"); m.Exists {
			p.Error("the conflict says that it is there")
		}
	}
}

func conflictCreated(p *place) {
	p.become(start)
	key := plan.Key{Namespace: "shop", Config: "new"}
	want := contents{"shop": {"limits": `{"max": 4}`, "new": `{"a": 1}`}, "lab": {"laser": `{}`}}
	create := p.plan(want)
	// It is a conflict even if the value is the same.
	p.Write(key.Namespace, key.Config, []byte(`{"a": 1}`))
	m := p.moved(create, key, "was created by someone else")
	if !m.Exists || string(m.Now.Reveal()) != `{"a": 1}` {
		p.Errorf("the conflict has %q for what is there now (exists: %v)", m.Now.Reveal(), m.Exists)
	}
	p.become(want)
}

func conflictNamespaceCreated(p *place) {
	p.become(start)
	create := p.plan(contents{"lab": {"laser": `{}`}, "shop": {}})
	p.Write("lab", "", nil)
	p.moved(create, plan.Key{Namespace: "lab"}, "was created by someone else")
}

func conflictNamespaceDeleted(p *place) {
	p.become(start)
	create := p.plan(contents{"shop": start["shop"], "office": {"printer": `{"ink": "low"}`, "phone": `{}`}})
	p.Delete("office", "")
	if m := p.moved(create, plan.Key{Namespace: "office", Config: "phone"}, ""); m.Exists {
		p.Error("the conflict says that the configuration is there")
	}

	p.become(contents{"empty": {}})
	remove := p.plan(contents{})
	p.Delete("empty", "")
	p.moved(remove, plan.Key{Namespace: "empty"}, "was deleted by someone else")
}

func conflictNamespaceFilled(p *place) {
	p.become(start)
	remove := p.plan(contents{"shop": {"limits": `{"max": 4}`}})
	p.Write("office", "phone", []byte(`{}`))
	m := p.moved(remove, plan.Key{Namespace: "office"}, "")
	if !m.Exists {
		p.Error("the conflict says that the namespace is gone")
	}
}

func sameBytesAgain(p *place) {
	p.become(start)
	key := plan.Key{Namespace: "office", Config: "printer"}
	update := p.plan(contents{"shop": start["shop"], "office": {"printer": `{"ink": "high"}`}})
	p.Write(key.Namespace, key.Config, []byte(start["office"]["printer"]))
	if p.ContentRevisions {
		p.apply(update)
		return
	}
	p.moved(update, key, "was rewritten by someone else with the same value")
	p.Delete(key.Namespace, key.Config)
	p.Write(key.Namespace, key.Config, []byte(start["office"]["printer"]))
	p.moved(update, key, "was rewritten by someone else with the same value")
}

func independent(p *place) {
	p.become(start)
	update := p.plan(contents{"shop": {"limits": `{"max": 4}`, "prices": `{"vat": 19}`}, "office": start["office"]})
	p.Write("shop", "prices", []byte(`{"vat": 7}`))
	p.Delete("office", "printer")
	p.Write("lab", "laser", []byte(`{}`))
	p.apply(update)
	p.is(contents{"shop": {"limits": `{"max": 4}`, "prices": `{"vat": 7}`}, "office": {}, "lab": {"laser": `{}`}})
}

func allMoved(p *place) {
	p.become(start)
	changes := p.plan(contents{
		"shop":   {"limits": `{"max": 4}`, "new": `{}`},
		"office": {"printer": `{"ink": "high"}`},
	})
	p.Write("shop", "limits", []byte(`{"max": 9}`)) // to be updated
	p.Delete("shop", "prices")                      // to be deleted
	p.Write("shop", "new", []byte(`{"a": 1}`))      // to be created
	whats := map[string]string{}
	for _, m := range p.conflict(changes).Moved {
		whats[m.Change.Key.String()] = m.What()
	}
	for key, what := range map[string]string{
		"shop/limits": "was changed by someone else",
		"shop/prices": "was deleted by someone else",
		"shop/new":    "was created by someone else",
	} {
		if whats[key] != what {
			p.Errorf("%s %q, want %q", key, whats[key], what)
		}
	}
	if len(whats) != 3 {
		p.Errorf("%d objects moved, want 3: %q", len(whats), whats)
	}
}

func allOrNothing(p *place) {
	p.become(start)
	changes := p.plan(contents{
		"aaa":  {"first": `{}`, "second": padded(10_000)},
		"bbb":  {},
		"shop": {"limits": `{"max": 4}`, "zzz": `{}`},
	})
	missing := plan.Change{
		Key: plan.Key{Namespace: "shop", Config: "missing"}, Action: plan.Delete,
		Before: plan.NewValue([]byte(`{}`)), Revision: plan.Revision{1},
	}
	for _, at := range []int{len(changes), len(changes) / 2, 0} {
		p.moved(slices.Insert(slices.Clone(changes), at, missing), missing.Key, "was deleted by someone else")
	}
	p.is(start)
	p.apply(changes)
}

func race(p *place) {
	p.become(start)
	clients := []target.Target{p.target, p.Open(), p.Open()}
	changes := p.plan(contents{"shop": {"limits": `{"max": 4}`}, "lab": {"laser": `{}`}})
	errs := make([]error, len(clients))
	var wait sync.WaitGroup
	for i, client := range clients {
		wait.Go(func() { errs[i] = write(p.Context(), client, changes) })
	}
	wait.Wait()
	won := 0
	for i, err := range errs {
		var conflict *target.Conflict
		switch {
		case err == nil:
			won++
		case !errors.As(err, &conflict):
			p.Errorf("client %d: got %v, want a *target.Conflict", i, err)
		}
	}
	if won != 1 {
		p.Errorf("%d clients won", won)
	}
	p.is(contents{"shop": {"limits": `{"max": 4}`}, "lab": {"laser": `{}`}})
}
