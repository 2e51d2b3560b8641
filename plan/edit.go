package plan

import "slices"

// EditKind is what an edit does to its field.
type EditKind uint8

// The kinds of edits.
const (
	Add EditKind = iota + 1
	Remove
	Replace
)

// String returns "add", "remove" or "replace".
func (k EditKind) String() string {
	return [...]string{"nothing", "add", "remove", "replace"}[k]
}

// Edit is one field that differs. Leaves that must not be shown are marked in
// both values.
//
// A step to a list's element counts as the list stands before the change; the
// last step of an Add, as it stands after.
type Edit struct {
	Path   Path
	Kind   EditKind
	Before *Node // nil for Add, and when Unreadable says so
	After  *Node // nil for Remove, and when Unreadable says so
	// Unreadable says why the side that is missing from a Replace can't be
	// read.
	Unreadable string
}

// Sensitive reports whether anything in the edit must not be shown.
func (e Edit) Sensitive() bool {
	return e.Before != nil && e.Before.anySensitive() || e.After != nil && e.After.anySensitive()
}

// Edits returns what c does to the fields of its configuration, and how many
// fields it leaves alone. An object that is made or removed has an edit for
// each of its fields; a namespace has none.
func (c Change) Edits(s Sensitivity) (edits []Edit, unchanged int) {
	if c.Key.IsNamespace() {
		return nil, 0
	}
	var before, after *Node
	var unreadable string
	parse := func(v Value) *Node {
		n, err := v.Parse()
		if err != nil {
			unreadable = err.Error()
			return nil
		}
		return &n
	}
	if c.Action != Create {
		before = parse(c.Before)
	}
	if c.Action != Delete {
		after = parse(c.After)
	}
	declared := slices.Concat(c.Before.sensitive(), c.After.sensitive())
	for _, n := range []*Node{before, after} {
		if n != nil {
			s.mark(n, declared)
		}
	}
	switch {
	case unreadable != "":
		kind := map[Action]EditKind{Create: Add, Update: Replace, Delete: Remove}[c.Action]
		return []Edit{{Kind: kind, Before: before, After: after, Unreadable: unreadable}}, 0
	case c.Action == Create:
		return wholeEdits(Add, *after), 0
	case c.Action == Delete:
		return wholeEdits(Remove, *before), 0
	}
	var d differ
	d.compare(nil, before, after)
	return d.edits, d.unchanged
}

// wholeEdits returns one edit for each field of an object and each element of a
// list, and one for anything else.
func wholeEdits(kind EditKind, n Node) []Edit {
	edit := func(path Path, n *Node) Edit {
		if kind == Add {
			return Edit{Path: path, Kind: kind, After: n}
		}
		return Edit{Path: path, Kind: kind, Before: n}
	}
	if len(n.Fields)+len(n.Items) == 0 {
		return []Edit{edit(nil, &n)}
	}
	edits := make([]Edit, 0, len(n.Fields)+len(n.Items))
	for i := range n.Fields {
		edits = append(edits, edit(Path{Name(n.Fields[i].Name)}, &n.Fields[i].Value))
	}
	for i := range n.Items {
		edits = append(edits, edit(Path{Item(i)}, &n.Items[i]))
	}
	return edits
}

// differ collects the edits that lead from one value to another.
type differ struct {
	edits     []Edit
	unchanged int // fields and elements compared and found equal
}

func (d *differ) compare(path Path, before, after *Node) {
	switch {
	case before.Equal(*after):
		d.unchanged++
	case before.Kind == Object && after.Kind == Object:
		d.compareObjects(path, before, after)
	case before.Kind == List && after.Kind == List:
		d.compareLists(path, before, after)
	default:
		if before.anySensitive() || after.anySensitive() {
			// What replaces a secret is one; what was one still is.
			before.markAll()
			after.markAll()
		}
		d.edits = append(d.edits, Edit{Path: path, Kind: Replace, Before: before, After: after})
	}
}

func (d *differ) compareObjects(path Path, before, after *Node) {
	was, is := newFieldIndex(*before), newFieldIndex(*after)
	for i := range before.Fields {
		f := &before.Fields[i]
		if now := is.find(f.Name); now != nil {
			d.compare(path.With(Name(f.Name)), &f.Value, now)
		} else {
			d.edits = append(d.edits, Edit{Path: path.With(Name(f.Name)), Kind: Remove, Before: &f.Value})
		}
	}
	for i := range after.Fields {
		f := &after.Fields[i]
		if was.find(f.Name) == nil {
			d.edits = append(d.edits, Edit{Path: path.With(Name(f.Name)), Kind: Add, After: &f.Value})
		}
	}
}

// compareLists keeps the longest common subsequence of the two lists. Between
// two elements that stay, those that went and those that came are compared in
// pairs, and what is left over was removed or added.
func (d *differ) compareLists(path Path, before, after *Node) {
	was, is := before.Items, after.Items
	i, j := 0, 0
	for _, match := range append(commonElements(was, is), [2]int{len(was), len(is)}) {
		for ; i < match[0] && j < match[1]; i, j = i+1, j+1 {
			d.compare(path.With(Item(i)), &was[i], &is[j])
		}
		for ; i < match[0]; i++ {
			d.edits = append(d.edits, Edit{Path: path.With(Item(i)), Kind: Remove, Before: &was[i]})
		}
		for ; j < match[1]; j++ {
			d.edits = append(d.edits, Edit{Path: path.With(Item(j)), Kind: Add, After: &is[j]})
		}
		if i < len(was) {
			d.unchanged++
		}
		i, j = i+1, j+1
	}
}

// maxMatrix bounds the work on two long lists that differ everywhere, in cells.
const maxMatrix = 1 << 22

// commonElements returns the index pairs of a longest common subsequence. Lists
// too long for that are compared from both ends only.
func commonElements(a, b []Node) [][2]int {
	x, y := canonicalAll(a), canonicalAll(b)
	var matches [][2]int
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		matches = append(matches, [2]int{head, head})
		head++
	}
	tail := 0
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	midX, midY := x[head:len(x)-tail], y[head:len(y)-tail]
	if len(midX)*len(midY) <= maxMatrix {
		for _, m := range longestCommon(midX, midY) {
			matches = append(matches, [2]int{head + m[0], head + m[1]})
		}
	}
	for k := tail; k > 0; k-- {
		matches = append(matches, [2]int{len(x) - k, len(y) - k})
	}
	return matches
}

func longestCommon(x, y []string) [][2]int {
	if len(x) == 0 || len(y) == 0 {
		return nil
	}
	// lengths[i][j] is the length of the longest common subsequence of x[i:]
	// and y[j:].
	width := len(y) + 1
	lengths := make([]int32, (len(x)+1)*width)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				lengths[i*width+j] = lengths[(i+1)*width+j+1] + 1
			} else {
				lengths[i*width+j] = max(lengths[(i+1)*width+j], lengths[i*width+j+1])
			}
		}
	}
	var matches [][2]int
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			matches = append(matches, [2]int{i, j})
			i, j = i+1, j+1
		case lengths[(i+1)*width+j] >= lengths[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return matches
}

func canonicalAll(items []Node) []string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = items[i].Canonical()
	}
	return texts
}

// Canonical returns a text that two nodes share exactly when they are equal. It
// may hold secrets.
func (n Node) Canonical() string { return string(AppendJSON(nil, n.sorted())) }

// sorted returns n with the fields of every object in order of their names.
func (n Node) sorted() Node {
	switch n.Kind {
	case List:
		items := make([]Node, len(n.Items))
		for i := range n.Items {
			items[i] = n.Items[i].sorted()
		}
		n.Items = items
	case Object:
		fields := make([]Field, len(n.Fields))
		for i, f := range n.Fields {
			fields[i] = Field{f.Name, f.Value.sorted()}
		}
		slices.SortFunc(fields, func(a, b Field) int {
			if a.Name < b.Name {
				return -1
			}
			return 1
		})
		n.Fields = fields
	}
	return n
}
