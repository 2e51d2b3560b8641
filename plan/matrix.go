package plan

import "slices"

// MatrixRow says of one configuration what each of several places has.
type MatrixRow struct {
	Key   Key
	Cells []MatrixCell
}

// MatrixCell is what one place has: places with the same Value share a number,
// from 1; 0 is a place without.
type MatrixCell struct {
	Value   int
	Drifted bool // it is not what is declared for the place
	Unknown bool // the place could not be read
}

// Same reports whether all places that could be read have the same, as it is declared.
func (r MatrixRow) Same() bool {
	return !slices.ContainsFunc(r.Cells, func(c MatrixCell) bool { return !c.Unknown && c != MatrixCell{Value: 1} })
}

// Matrix compares what is live in several places, by configuration; nil is a place that
// could not be read. declared are the trees of the same places; nil for a place without.
func Matrix(live []*Snapshot, declared []*Tree) []MatrixRow {
	index := map[Key]int{}
	var rows []MatrixRow
	values := map[Key][]Value{} // by number - 1
	row := func(k Key) *MatrixRow {
		i, ok := index[k]
		if !ok {
			i = len(rows)
			index[k] = i
			rows = append(rows, MatrixRow{Key: k, Cells: make([]MatrixCell, len(live))})
			for place := range live {
				rows[i].Cells[place].Unknown = live[place] == nil
			}
		}
		return &rows[i]
	}
	for place, s := range live {
		if s == nil {
			continue
		}
		wanted := map[Key]Value{}
		if declared[place] != nil {
			eachValue(declared[place], nil, func(k Key, v Value) { wanted[k] = v })
		}
		eachValue(&Tree{}, s, func(k Key, v Value) {
			n := slices.IndexFunc(values[k], v.Equal)
			if n < 0 {
				n = len(values[k])
				values[k] = append(values[k], v)
			}
			want, ok := wanted[k]
			delete(wanted, k)
			row(k).Cells[place] = MatrixCell{Value: n + 1, Drifted: declared[place] != nil && !(ok && want.Equal(v))}
		})
		for k := range wanted {
			row(k).Cells[place].Drifted = true
		}
	}
	slices.SortFunc(rows, func(a, b MatrixRow) int { return a.Key.Compare(b.Key) })
	return rows
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
