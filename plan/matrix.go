package plan

import "slices"

// MatrixPlace is an environment whose configurations are compared with those of others.
type MatrixPlace struct {
	Live     *Snapshot // nil if it could not be read
	Declared *Tree     // nil if nothing declares what it is to have
	Ignore   []Pattern
}

// MatrixRow says of one configuration what each of several places has.
type MatrixRow struct {
	Key   Key
	Cells []MatrixCell
	// Ignored says that a place ignores the configuration, and that none has drifted.
	Ignored bool
}

// MatrixCell is what one place has: places with the same Value share a number,
// from 1; 0 is a place without. Fields that a place ignores are not compared.
type MatrixCell struct {
	Value   int
	Drifted bool // its plan would change it
	Unknown bool // the place could not be read
}

// Same reports whether all readable targets have the same value and none has drifted.
func (r MatrixRow) Same() bool {
	return !slices.ContainsFunc(r.Cells, func(c MatrixCell) bool { return !c.Unknown && c != MatrixCell{Value: 1} })
}

// IgnoredByAny returns what some of the places ignore.
func IgnoredByAny(places []MatrixPlace) (patterns []Pattern) {
	for _, p := range places {
		patterns = append(patterns, p.Ignore...)
	}
	return patterns
}

// WithoutIgnored returns a configuration's value without the fields that patterns name.
func WithoutIgnored(patterns []Pattern, k Key, v Value) Value {
	return ignoring{newPatternSet(patterns)}.without(k, v)
}

// Matrix compares what is live in several places, by configuration.
func Matrix(places []MatrixPlace) []MatrixRow {
	index := map[Key]int{}
	var rows []MatrixRow
	values := map[Key][]Value{} // by number - 1
	row := func(k Key) *MatrixRow {
		i, ok := index[k]
		if !ok {
			i = len(rows)
			index[k] = i
			rows = append(rows, MatrixRow{Key: k, Cells: make([]MatrixCell, len(places))})
			for place := range places {
				rows[i].Cells[place].Unknown = places[place].Live == nil
			}
		}
		return &rows[i]
	}
	ignored := ignoring{newPatternSet(IgnoredByAny(places))}
	for i, p := range places {
		if p.Live == nil {
			continue
		}
		eachValue(&Tree{}, p.Live, func(k Key, v Value) {
			v = ignored.without(k, v)
			n := slices.IndexFunc(values[k], v.Equal)
			if n < 0 {
				n = len(values[k])
				values[k] = append(values[k], v)
			}
			row(k).Cells[i].Value = n + 1
		})
		if p.Declared != nil {
			p.eachDrifted(func(k Key) { row(k).Cells[i].Drifted = true })
		}
	}
	for i := range rows {
		r := &rows[i]
		r.Ignored = ignored.of(r.Key).matches() && !slices.ContainsFunc(r.Cells, func(c MatrixCell) bool { return c.Drifted })
	}
	slices.SortFunc(rows, func(a, b MatrixRow) int { return a.Key.Compare(b.Key) })
	return rows
}

// eachDrifted calls do with each configuration that a plan of the place would change, or
// can't change although it should.
func (p MatrixPlace) eachDrifted(do func(k Key)) {
	drift := Diff(p.Declared, p.Live, Options{Ignore: p.Ignore, Prune: PruneNamespaces})
	refused := map[string]bool{} // namespaces
	note := func(k Key) {
		if !k.IsNamespace() {
			do(k)
		}
	}
	for _, c := range drift.Changes {
		note(c.Key)
	}
	for _, f := range drift.Problems {
		note(f.Key)
		refused[f.Key.Namespace] = refused[f.Key.Namespace] || f.Key.IsNamespace()
	}
	eachValue(p.Declared, p.Live, func(k Key, _ Value) {
		if refused[k.Namespace] {
			do(k)
		}
	})
}

// Leaf is a leaf of a value, or something empty, and where it is.
type Leaf struct {
	Path Path
	Node Node
}

// Leaves returns the leaves of a value, in order.
func (n Node) Leaves() []Leaf { return n.leaves(nil, nil) }

func (n Node) leaves(path Path, found []Leaf) []Leaf {
	for i := range n.Items {
		found = n.Items[i].leaves(path.With(Item(i)), found)
	}
	for i := range n.Fields {
		found = n.Fields[i].Value.leaves(path.With(Name(n.Fields[i].Name)), found)
	}
	if len(n.Items)+len(n.Fields) == 0 {
		found = append(found, Leaf{path, n})
	}
	return found
}
