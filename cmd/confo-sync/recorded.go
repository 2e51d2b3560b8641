package main

import (
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target/zk"
)

// recorded returns the access lists that a backup has, for what a restore creates.
func (c *restoreCmd) recorded(what restoration, saved *plan.Snapshot, t *zk.Target) *plan.Recorded {
	r := &plan.Recorded{Lists: map[plan.Key]plan.Access{}, Needs: map[plan.Key]string{}, Who: t.Who(), Mended: c.Exact}
	within := "cr"
	if c.Exact {
		within = plan.RightsWithin
	}
	put := func(k plan.Key, inner, written bool) {
		list := saved.Access[k].List
		if c.ToNamespace != "" && k.Namespace != "" {
			k.Namespace = c.ToNamespace
		}
		switch r.Lists[k] = list; {
		case written:
			r.Needs[k] = within + "w"
		case inner:
			r.Needs[k] = within
		}
	}
	put(plan.Key{}, true, false)
	for _, ns := range saved.Namespaces {
		some := what.takes(plan.Key{Namespace: ns.Name})
		for _, config := range ns.Configs {
			some = some || what.takes(plan.Key{Namespace: ns.Name, Config: config.Name})
		}
		if !some {
			continue
		}
		put(plan.Key{Namespace: ns.Name}, len(ns.Configs) > 0, c.Exact && ns.Data > 0)
		for _, config := range ns.Configs {
			put(plan.Key{Namespace: ns.Name, Config: config.Name}, c.Exact && config.Children > 0, false)
		}
	}
	return r
}

// blinds reports whether what is restored can't be read again by who restores it.
func (w *work) blinds() bool {
	z, ok := w.target.(*zk.Target)
	return ok && w.plan.Blinds(plan.Who{IDs: z.Who()})
}
