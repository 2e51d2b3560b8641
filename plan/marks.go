package plan

import (
	"maps"
	"slices"
)

// marked is a set of places in a configuration's value, stored as a tree of steps. All
// elements of a list share one step, because elements move. nil is the empty set. A
// marked is immutable once it is in use.
type marked struct {
	whole bool // the place itself and everything below it
	items *marked
	// name and only are the first field, and others has the rest. Most places have only
	// one field, and a map uses much memory.
	name   string
	only   *marked
	others map[string]*marked
}

func (m *marked) field(name string) *marked {
	if m.only != nil && m.name == name {
		return m.only
	}
	return m.others[name]
}

func (m *marked) setField(name string, below *marked) {
	switch {
	case m.only == nil:
		m.name, m.only = name, below
	case m.others == nil:
		m.others = map[string]*marked{}
		fallthrough
	default:
		m.others[name] = below
	}
}

// names returns the sorted names of the fields.
func (m *marked) names() []string {
	if m.only == nil {
		return nil
	}
	return slices.Sorted(func(yield func(string) bool) {
		if yield(m.name) {
			maps.Keys(m.others)(yield)
		}
	})
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
	for _, name := range m.names() {
		c.setField(name, m.field(name).clone())
	}
	return c
}

func (m *marked) add(path Path) {
	for _, s := range path {
		if name, isField := s.Field(); isField {
			below := m.field(name)
			if below == nil {
				below = &marked{}
				m.setField(name, below)
			}
			m = below
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
		return m.field(name)
	}
	return m.items
}

// each calls do with every place, in order. The path is valid only during the call.
func (m *marked) each(path Path, do func(Path)) {
	if m == nil {
		return
	}
	if m.whole {
		do(path)
	}
	if m.items != nil {
		m.items.each(append(path, Item(0)), do)
	}
	for _, name := range m.names() {
		m.field(name).each(append(path, Name(name)), do)
	}
}

// Marks are the places of sensitive values in configurations. They hold paths, never
// values. They are stored at the target and in the history, so that a marked field
// stays masked. An empty path for a namespace's Key marks the complete namespace, and
// for the zero Key everything. The zero Marks is empty.
type Marks struct {
	of     map[Key]*marked
	shared map[Key]bool // shared with other Marks, so it must be copied before a change
}

// IsEmpty reports whether there are no marks.
func (m Marks) IsEmpty() bool { return len(m.of) == 0 }

// Add adds a place. All elements of a list count as one place.
func (m *Marks) Add(k Key, path Path) {
	if m.of == nil {
		m.of = map[Key]*marked{}
	}
	switch {
	case m.of[k] == nil:
		m.of[k] = &marked{}
	case m.shared[k]:
		m.of[k] = m.of[k].clone()
		delete(m.shared, k)
	}
	m.of[k].add(path)
}

// in returns the marks in a configuration.
func (m Marks) in(k Key) *marked {
	for _, around := range []Key{{}, {Namespace: k.Namespace}} {
		if at := m.of[around]; at.here() {
			return at
		}
	}
	return m.of[k]
}

// Each calls do with every place, in order. An element of a list has the index 0. The
// path is valid only during the call.
func (m Marks) Each(do func(k Key, path Path)) {
	for _, k := range slices.SortedFunc(maps.Keys(m.of), Key.Compare) {
		m.of[k].each(nil, func(p Path) { do(k, p) })
	}
}

// Union returns the union of all marks. Do not add to any of them afterwards.
func Union(all ...Marks) Marks {
	union := Marks{of: map[Key]*marked{}, shared: map[Key]bool{}}
	for _, m := range all {
		for k, at := range m.of {
			switch there := union.of[k]; {
			case there == nil:
				union.of[k], union.shared[k] = at, true
			case there != at:
				at.each(nil, func(p Path) { union.Add(k, p) })
			}
		}
	}
	return union
}

// Holds reports whether m contains every place of other.
func (m Marks) Holds(other Marks) bool {
	holds := true
	other.Each(func(k Key, path Path) {
		at := m.in(k)
		for i := 0; i < len(path) && !at.here(); i++ {
			at = at.below(path[i])
		}
		holds = holds && at.here()
	})
	return holds
}

// Equal reports whether both contain the same places.
func (m Marks) Equal(other Marks) bool { return m.Holds(other) && other.Holds(m) }

// Of returns the marked paths in a configuration.
func (m Marks) Of(k Key) []Path {
	var paths []Path
	m.in(k).each(nil, func(p Path) { paths = append(paths, slices.Clone(p)) })
	return paths
}

// Coarser returns marks that contain m and are smaller. It marks complete
// configurations. If m already does, it marks complete namespaces, and then everything.
func (m Marks) Coarser() Marks {
	var configs, namespaces Marks
	finest := true
	for k, at := range m.of {
		configs.Add(k, nil)
		namespaces.Add(Key{Namespace: k.Namespace}, nil)
		finest = finest && at.here()
	}
	switch {
	case !finest:
		return configs
	case len(namespaces.of) < len(configs.of):
		return namespaces
	}
	var everything Marks
	everything.Add(Key{}, nil)
	return everything
}

// Renamed returns the marks of the namespace from for a copy of it named to.
func (m Marks) Renamed(from, to string) Marks {
	var renamed Marks
	m.Each(func(k Key, path Path) {
		if k.Namespace == from {
			renamed.Add(Key{to, k.Config}, path)
		} else if k == (Key{}) {
			renamed.Add(k, path)
		}
	})
	return renamed
}

// Stored returns a copy of s that also masks the stored marks m.
func (s Sensitivity) Stored(m Marks) Sensitivity {
	s.stored = Union(s.stored, m)
	return s
}

// Marks returns the marks to store: the marks of the trees and of the project's
// patterns, the stored marks, and all fields that hold the same text as a marked field.
func (s Sensitivity) Marks(desired *Tree, live *Snapshot) Marks {
	marks := Union(s.stored)
	eachValue(desired, live, func(k Key, v Value) {
		add := func(p Path) { marks.Add(k, p) }
		for _, path := range v.sensitive() {
			add(path)
		}
		if s.declared != nil {
			s.declared(k).each(nil, add)
		}
		hidden, public := s.hidden.of(k), s.public.of(k)
		if len(hidden.at) == 0 && s.texts == nil {
			return
		}
		if n, err := v.Parse(); err == nil {
			n.matching(hidden, public, nil, add)
			if s.texts != nil {
				own := textSet{}
				n.textsOf(marks.in(k), public, own)
				s.alike(n, public, own, nil, add)
			}
		}
	})
	return marks
}

// alike calls do with the path of each leaf that holds the text of a marked value. It
// skips places that public patterns match, and texts that contain only marked texts of
// own.
func (s Sensitivity) alike(n Node, public patternSet, own textSet, path Path, do func(Path)) {
	if public.matches() {
		return
	}
	for i := range n.Items {
		s.alike(n.Items[i], public.item(i), own, append(path, Item(i)), do)
	}
	for i := range n.Fields {
		s.alike(n.Fields[i].Value, public.below(n.Fields[i].Name), own, append(path, Name(n.Fields[i].Name)), do)
	}
	if n.Kind != String && n.Kind != Integer && n.Kind != Float {
		return
	}
	whole := Span{From: 0, To: len(n.Text)}
	for _, span := range s.texts(n.Text) {
		if span == whole || !own[n.Text[span.From:span.To]] {
			do(path)
			return
		}
	}
}

// matching calls do with the path of everything that patterns match and except does
// not.
func (n Node) matching(patterns, except patternSet, path Path, do func(Path)) {
	switch {
	case except.matches():
		return
	case patterns.matches():
		do(path)
		return
	case len(patterns.at) == 0:
		return
	}
	for i := range n.Items {
		n.Items[i].matching(patterns.item(i), except.item(i), append(path, Item(i)), do)
	}
	for i := range n.Fields {
		n.Fields[i].Value.matching(patterns.below(n.Fields[i].Name), except.below(n.Fields[i].Name), append(path, Name(n.Fields[i].Name)), do)
	}
}
