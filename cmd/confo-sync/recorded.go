package main

import (
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// recordedIn returns the access lists that a backup has, for what a restore creates.
func recordedIn(what restoration, saved *plan.Snapshot, t target.Identified) *plan.Recorded {
	r := &plan.Recorded{Lists: map[plan.Key]plan.Access{}, Needs: map[plan.Key]string{}, Who: t.Who()}
	put := func(k plan.Key, inner bool) {
		list := saved.Access[k].List
		if what.to != "" && k.Namespace != "" {
			k.Namespace = what.to
		}
		if r.Lists[k] = list; inner {
			r.Needs[k] = "cr"
		}
	}
	put(plan.Key{}, true)
	for _, ns := range saved.Namespaces {
		some := what.takes(plan.Key{Namespace: ns.Name})
		for _, config := range ns.Configs {
			some = some || what.takes(plan.Key{Namespace: ns.Name, Config: config.Name})
		}
		if !some {
			continue
		}
		put(plan.Key{Namespace: ns.Name}, len(ns.Configs) > 0)
		for _, config := range ns.Configs {
			put(plan.Key{Namespace: ns.Name, Config: config.Name}, false)
		}
	}
	return r
}

// blinds reports whether what is restored can't be read again by who restores it.
func (w *work) blinds() bool {
	if w.exact != nil {
		return w.locksOut && len(w.closed) > 0
	}
	z, ok := w.target.(target.Identified)
	return ok && w.plan.Blinds(plan.Who{IDs: z.Who()})
}
