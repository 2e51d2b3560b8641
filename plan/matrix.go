package plan

import "slices"

// MatrixRow compares one configuration in several targets.
type MatrixRow struct {
	Key   Key
	Cells []MatrixCell
}

// MatrixCell describes the value in one target. Equal values in a row have the same
// number, starting with 1. 0 means that the target has no value.
type MatrixCell struct {
	Value   int
	Drifted bool // the value differs from the tree
	Unknown bool // the target could not be read
}

// Same reports whether all readable targets have the same value and none has drifted.
func (r MatrixRow) Same() bool {
	return !slices.ContainsFunc(r.Cells, func(c MatrixCell) bool { return !c.Unknown && c != MatrixCell{Value: 1} })
}

// Matrix compares the live configurations of several targets. A nil snapshot is a
// target that could not be read. declared are the trees for the same targets; nil for
// none.
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

// Leaf is a scalar or an empty list or object in a value, with its path.
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
