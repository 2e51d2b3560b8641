package plan

import "slices"

// Wished returns the tree that fulfils the wishes and keeps everything else in live. A
// namespace with an Absent wish is deleted only if it becomes empty. The tree does not
// declare ignored fields.
func Wished(live *Snapshot, wishes []Wish, opts Options) *Tree {
	patterns := ignoring{newPatternSet(opts.Ignore)}
	open := make(map[Key]Wish, len(wishes))
	for _, w := range wishes {
		open[w.Key] = w
	}
	tree := &Tree{}
	at := map[string]int{}
	namespace := func(name string) *Namespace {
		i, ok := at[name]
		if !ok {
			i = len(tree.Namespaces)
			at[name] = i
			tree.Namespaces = append(tree.Namespaces, Namespace{Name: name})
		}
		return &tree.Namespaces[i]
	}
	put := func(k Key, v Value, asked Extent) {
		if ns := namespace(k.Namespace); !k.IsNamespace() {
			ns.Configs = append(ns.Configs, Config{Name: k.Config, Value: patterns.without(k, v), Asked: asked})
		}
	}
	ignored := func(k Key) bool { return patterns.of(k).matches() || patterns.below(k.Namespace).matches() }
	for _, ns := range live.Tree().Namespaces {
		if ignored(Key{Namespace: ns.Name}) {
			continue
		}
		put(Key{Namespace: ns.Name}, Value{}, AskedNothing)
		for _, c := range ns.Configs {
			key := Key{ns.Name, c.Name}
			w, wished := open[key]
			delete(open, key)
			switch {
			case ignored(key), wished && w.Absent:
			case wished:
				put(key, w.Value, AskedWhole)
			default:
				put(key, c.Value, AskedNothing)
			}
		}
	}
	for _, w := range wishes {
		if _, left := open[w.Key]; left && !w.Absent && !ignored(w.Key) {
			put(w.Key, w.Value, AskedWhole)
		}
	}
	tree.Namespaces = slices.DeleteFunc(tree.Namespaces, func(ns Namespace) bool {
		return len(ns.Configs) == 0 && open[Key{Namespace: ns.Name}].Absent
	})
	tree.Sort()
	return tree
}

// without returns a configuration's value without its ignored fields.
func (i ignoring) without(k Key, v Value) Value {
	i = ignoring{i.of(k)}
	if !i.within() {
		return v
	}
	n, err := v.Parse()
	if err != nil {
		return v
	}
	return Encode(i.strip(n), v.sensitive()...)
}
