package plan

import (
	"maps"
	"slices"
)

// marked is a set of places in a configuration's value, as a tree of steps. All
// elements of a list are one step, as elements move. nil is the empty set; a
// marked is never changed once it is in use.
type marked struct {
	whole bool // the place itself, with all that is below
	items *marked
	// name and only are the first field, and others are the rest: most have one, and a
	// map takes much memory.
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

// names returns the names of the fields, in order.
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

// each calls do with every place, in order. The path is only good during the call.
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

// Marks are places in configurations whose values must not be shown: paths, never
// values. They are kept with what is stored, so that what was marked once stays
// hidden. The empty path of a namespace's Key marks everything in the namespace, and
// that of the zero Key marks everything. The zero value is empty.
type Marks struct {
	of     map[Key]*marked
	shared map[Key]bool // with other Marks, and therefore copied before it is changed
}

// IsEmpty reports whether there are none.
func (m Marks) IsEmpty() bool { return len(m.of) == 0 }

// Add adds a place; all elements of a list are one.
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

// in returns what is marked in a configuration.
func (m Marks) in(k Key) *marked {
	for _, around := range []Key{{}, {Namespace: k.Namespace}} {
		if at := m.of[around]; at.here() {
			return at
		}
	}
	return m.of[k]
}

// Each calls do with every place, in order. An element of a list has the index 0. The
// path is only good during the call.
func (m Marks) Each(do func(k Key, path Path)) {
	for _, k := range slices.SortedFunc(maps.Keys(m.of), Key.Compare) {
		m.of[k].each(nil, func(p Path) { do(k, p) })
	}
}

// Union returns the places of all marks, to which nothing may be added any more.
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

// Holds reports whether m has every place of other.
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

// Equal reports whether both are the same places.
func (m Marks) Equal(other Marks) bool { return m.Holds(other) && other.Holds(m) }

// Of returns the places in a configuration.
func (m Marks) Of(k Key) []Path {
	var paths []Path
	m.in(k).each(nil, func(p Path) { paths = append(paths, slices.Clone(p)) })
	return paths
}

// Coarser returns marks that hold m and take less: whole configurations; if m has
// nothing else, whole namespaces; and if m has nothing else, everything.
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

// Renamed returns the marks of a namespace as those of its copy under another name.
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

// Stored returns the sensitivity that hides what was ever marked, too.
func (s Sensitivity) Stored(m Marks) Sensitivity {
	s.stored = Union(s.stored, m)
	return s
}

// Marks returns what is to be kept as marked, now that values are known: what a tree or
// the project's patterns mark, what was ever marked, and what holds the same text as
// something that is.
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

// alike calls do with the path of every leaf that holds the text of a marked value, except
// what public patterns name, and longer texts in which own has all that is marked.
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

// matching calls do with the path of everything that patterns name, except what
// others do.
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
