package apply

import (
	"cmp"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// Changes returns the changes of an apply, one for each object, with the values before and
// after it. It also returns the ACLs that the apply set on existing objects. later are the
// entries after those of the apply, oldest first, and live is the current state. If an
// entry has no written value, for example in version 1, Changes takes the value from the
// next change of the object, or from live. If the value is in neither, it is unreadable.
func Changes(own, later []*Entry, live *plan.Snapshot) (all, access []plan.Change) {
	values := valuesAfter(own, later, live)
	var order []object
	changes := map[object]plan.Change{}
	for _, e := range own {
		for _, p := range e.Previous {
			of := p.object()
			c, again := changes[of]
			if p.Action == plan.SetAccess.String() {
				access = append(access, plan.Change{Key: of.Key, Path: of.path, Action: plan.SetAccess, Old: p.Old.plan(), New: p.New.plan()})
				continue
			}
			if !again {
				order = append(order, of)
				c = plan.Change{Key: of.Key, Path: of.path, Old: p.Old.plan()}
				c.Before, _ = p.Before()
			}
			c.Action, c.New = actionOf(p.Action), p.New.plan()
			if c.Action != plan.Delete && p.After != "" {
				c.After = values.of(of, p.After)
			}
			changes[of] = c
		}
	}
	slices.SortStableFunc(order, func(a, b object) int {
		return cmp.Or(a.Key.Compare(b.Key), plan.ComparePaths(a.path, b.path))
	})
	all = make([]plan.Change, len(order))
	for i, of := range order {
		all[i] = changes[of]
	}
	return all, access
}

func actionOf(name string) plan.Action {
	for _, a := range []plan.Action{plan.Create, plan.Update, plan.Delete} {
		if a.String() == name {
			return a
		}
	}
	return plan.Update
}

// known maps hashes to values.
type known map[object]map[string]plan.Value

func (k known) add(key object, v plan.Value) {
	if k[key] != nil {
		k[key][sumOf(v)] = v
	}
}

func (k known) of(key object, sum string) plan.Value {
	if v, ok := k[key][sum]; ok {
		return v
	}
	return plan.Unreadable(nil, "not kept: somebody else changed it before the next apply")
}

// valuesAfter collects all values that the objects of own had after the first change.
func valuesAfter(own, later []*Entry, live *plan.Snapshot) known {
	k := known{}
	for _, e := range own {
		for _, p := range e.Previous {
			k[p.object()] = map[string]plan.Value{}
		}
	}
	for _, e := range slices.Concat(own, later) {
		for _, p := range e.Previous {
			if v, existed := p.Before(); existed {
				k.add(p.object(), v)
			}
			if p.WrittenSize > 0 {
				k.add(p.object(), plan.NewValue(p.Written))
			}
		}
	}
	for _, ns := range live.Namespaces {
		for _, c := range ns.Configs {
			k.add(object{Key: plan.Key{Namespace: ns.Name, Config: c.Name}}, c.Value)
		}
	}
	return k
}
