package plan

import (
	"encoding/json"
	"maps"
	"slices"
)

// marked is a set of places in a configuration's value, as a tree of steps. All
// elements of a list are one step, as elements move. nil is the empty set; a
// marked is never changed once it is in use.
type marked struct {
	whole  bool // the place itself, with all that is below
	fields map[string]*marked
	items  *marked
}

// with returns the set with more places.
func (m *marked) with(paths []Path) *marked {
	larger := m.clone()
	for _, p := range paths {
		larger.add(p)
	}
	return larger
}

func (m *marked) clone() *marked {
	if m == nil {
		return &marked{}
	}
	c := &marked{whole: m.whole}
	if m.items != nil {
		c.items = m.items.clone()
	}
	if m.fields != nil {
		c.fields = make(map[string]*marked, len(m.fields))
		for name, below := range m.fields {
			c.fields[name] = below.clone()
		}
	}
	return c
}

func (m *marked) add(path Path) {
	for _, s := range path {
		if name, isField := s.Field(); isField {
			if m.fields == nil {
				m.fields = map[string]*marked{}
			}
			if m.fields[name] == nil {
				m.fields[name] = &marked{}
			}
			m = m.fields[name]
			continue
		}
		if m.items == nil {
			m.items = &marked{}
		}
		m = m.items
	}
	m.whole = true
}

func (m *marked) here() bool { return m != nil && m.whole }

func (m *marked) below(s Step) *marked {
	if m == nil {
		return nil
	}
	if name, isField := s.Field(); isField {
		return m.fields[name]
	}
	return m.items
}

// each calls do with every place, in order.
func (m *marked) each(path Path, do func(Path)) {
	if m == nil {
		return
	}
	if m.whole {
		do(path)
	}
	if m.items != nil {
		m.items.each(path.With(Item(0)), do)
	}
	for _, name := range slices.Sorted(maps.Keys(m.fields)) {
		m.fields[name].each(path.With(Name(name)), do)
	}
}

// Marks are places in configurations whose values must not be shown: paths, never
// values. They are kept with what is stored, so that what was marked once stays
// hidden. The zero value is empty.
type Marks struct{ of map[Key]*marked }

// IsEmpty reports whether there are none.
func (m Marks) IsEmpty() bool { return len(m.of) == 0 }

// Add adds a place; all elements of a list are one.
func (m *Marks) Add(k Key, path Path) {
	if m.of == nil {
		m.of = map[Key]*marked{}
	}
	if m.of[k] == nil {
		m.of[k] = &marked{}
	}
	m.of[k].add(path)
}

// Each calls do with every place, in order. An element of a list has the index 0.
func (m Marks) Each(do func(k Key, path Path)) {
	for _, k := range slices.SortedFunc(maps.Keys(m.of), Key.Compare) {
		m.of[k].each(nil, func(p Path) { do(k, p) })
	}
}

// Union returns the places of all marks.
func Union(all ...Marks) Marks {
	var union Marks
	for _, m := range all {
		m.Each(func(k Key, path Path) { union.Add(k, path) })
	}
	return union
}

// Holds reports whether m has every place of other.
func (m Marks) Holds(other Marks) bool {
	holds := true
	other.Each(func(k Key, path Path) {
		at := m.of[k]
		for _, s := range path {
			at = at.below(s)
		}
		holds = holds && at.here()
	})
	return holds
}

// Equal reports whether both are the same places.
func (m Marks) Equal(other Marks) bool { return m.Holds(other) && other.Holds(m) }

// Of returns the places in a configuration.
func (m Marks) Of(k Key) []Path {
	var paths []Path
	m.of[k].each(nil, func(p Path) { paths = append(paths, p) })
	return paths
}

// Coarse returns marks that take less: of each configuration the whole.
func (m Marks) Coarse() Marks {
	var coarse Marks
	for k := range m.of {
		coarse.Add(k, nil)
	}
	return coarse
}

// Stored returns the sensitivity that hides what was ever marked, too.
func (s Sensitivity) Stored(m Marks) Sensitivity {
	s.stored = Union(s.stored, m)
	return s
}

// Marks returns what is marked in the configurations of a tree: by the tree itself
// and by the project's patterns, and what was ever marked in it.
func (s Sensitivity) Marks(t *Tree) Marks {
	marks := Union(t.Marks)
	eachValue(t, nil, func(k Key, v Value) {
		for _, path := range v.sensitive() {
			marks.Add(k, path)
		}
		hidden := about(s.hidden, k)
		if len(hidden) == 0 {
			return
		}
		if n, err := v.Parse(); err == nil {
			n.matching(hidden, about(s.public, k), []string{k.Namespace, k.Config}, nil, func(p Path) { marks.Add(k, p) })
		}
	})
	return marks
}

// matching calls do with the path of everything that patterns name, except what
// others do.
func (n Node) matching(patterns, except []Pattern, levels []string, path Path, do func(Path)) {
	switch {
	case matches(except, levels):
		return
	case matches(patterns, levels):
		do(path)
		return
	}
	for i := range n.Items {
		step := path.With(Item(i))
		n.Items[i].matching(patterns, except, append(levels, step.Levels()[len(path)]), step, do)
	}
	for i := range n.Fields {
		n.Fields[i].Value.matching(patterns, except, append(levels, n.Fields[i].Name), path.With(Name(n.Fields[i].Name)), do)
	}
}

// MarshalJSON writes the places of each namespace and configuration as lists of
// steps, in which null is any element of a list:
//
//	{"shop": {"mail": [["users", null, "pin"]]}}
func (m Marks) MarshalJSON() ([]byte, error) {
	all := map[string]map[string][]MarkedPath{}
	m.Each(func(k Key, path Path) {
		if all[k.Namespace] == nil {
			all[k.Namespace] = map[string][]MarkedPath{}
		}
		all[k.Namespace][k.Config] = append(all[k.Namespace][k.Config], MarkedPath{path})
	})
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Marks) UnmarshalJSON(data []byte) error {
	var all map[string]map[string][]MarkedPath
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*m = Marks{}
	for namespace, configs := range all {
		for config, paths := range configs {
			for _, p := range paths {
				m.Add(Key{namespace, config}, p.Path)
			}
		}
	}
	return nil
}

// MarkedPath is a path as it is stored: a list of steps, in which null is any element
// of a list.
type MarkedPath struct{ Path Path }

// MarshalJSON writes the list.
func (m MarkedPath) MarshalJSON() ([]byte, error) {
	steps := make([]*string, len(m.Path))
	for i, s := range m.Path {
		if name, isField := s.Field(); isField {
			steps[i] = &name
		}
	}
	return json.Marshal(steps)
}

// UnmarshalJSON reads the list.
func (m *MarkedPath) UnmarshalJSON(data []byte) error {
	var steps []*string
	if err := json.Unmarshal(data, &steps); err != nil {
		return err
	}
	m.Path = make(Path, len(steps))
	for i, s := range steps {
		if s == nil {
			m.Path[i] = Item(0)
		} else {
			m.Path[i] = Name(*s)
		}
	}
	return nil
}
