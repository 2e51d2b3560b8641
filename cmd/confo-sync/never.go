package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// neverThere returns the error of a configuration or field that neither the target nor the
// history has, with the nearest name. Otherwise it returns nil.
func neverThere(ctx context.Context, history *apply.History, live *plan.Snapshot, path configPath) error {
	names := map[string]bool{}
	for _, k := range keysOf(live) {
		names[k.String()] = true
	}
	if _, err := history.Touching(ctx, func(k plan.Key) bool {
		names[k.String()] = true
		return false
	}); err != nil {
		return err
	}
	if !names[path.Key.String()] {
		return neverHad(path.Key.String(), path.Key.String(), names)
	}
	if path.field == "" {
		return nil
	}
	found, names, err := fieldsEver(ctx, history, live, path)
	if err != nil || found {
		return err
	}
	return neverHad(fmt.Sprintf("field %s in %s", plan.Quote(path.field), path.Key), path.field, names)
}

// fieldsEver returns the names of the fields that a configuration has or had, and whether
// the path names one of them. A value that can't be read may have any field.
func fieldsEver(ctx context.Context, history *apply.History, live *plan.Snapshot, path configPath) (found bool, names map[string]bool, err error) {
	names = map[string]bool{}
	look := func(v plan.Value) {
		n, err := v.Parse()
		if err != nil {
			found = true
			return
		}
		at, all := path.find(n)
		found = found || at != nil
		for _, name := range all {
			names[name] = true
		}
	}
	if v, ok := valueOf(live, path.Key); ok {
		look(v)
	}
	err = history.Each(ctx, history.Records, func(_ *apply.Header, k plan.Key) bool { return k == path.Key }, func(e *apply.Entry) error {
		for _, p := range e.Previous {
			if v, existed := p.Before(); existed {
				look(v)
			}
			if p.WrittenSize > 0 {
				look(plan.NewValue(p.Written))
			}
		}
		return nil
	})
	return found, names, err
}

// neverHad is the error of something that neither the target nor the history has. names are
// those of what they have.
func neverHad(what, name string, names map[string]bool) error {
	return target.WithHint(fmt.Errorf("there is no %s at the target or in the history", plan.Printable(what)),
		meantOr(plan.Closest(name, slices.Sorted(maps.Keys(names))), "check the name"))
}
