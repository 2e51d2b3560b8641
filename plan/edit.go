package plan

import "slices"

// EditKind is what an edit does to its field.
type EditKind uint8

// The kinds of edits.
const (
	Add EditKind = iota + 1
	Remove
	Replace
	Move
)

// String returns "add", "remove", "replace" or "move".
func (k EditKind) String() string {
	return [...]string{"nothing", "add", "remove", "replace", "move"}[k]
}

// Edit is the change of one field. Sensitive leaves are marked in both values.
//
// The index of a list element is its index before the change. For the last step of an
// Add, it is the index after the change. A moved element may have further edits inside
// it.
type Edit struct {
	Path   Path
	Kind   EditKind
	Before *Node // nil for Add, or if it is unreadable
	After  *Node // nil for Remove, or if it is unreadable
	// To is the new index of a moved element.
	To int
	// Inner holds the differences between the JSON in two strings. It has no edits if
	// only the formatting differs.
	Inner *Inner
	// Unreadable says why one side of a Replace can't be read.
	Unreadable string
	// Stored is the text of the unreadable side; nil if it is not shown.
	Stored *Node
}

// Inner holds the differences between the JSON texts in two strings.
type Inner struct {
	Edits     []Edit
	Unchanged int
}

// Sensitive reports whether the edit holds a sensitive value.
func (e Edit) Sensitive() bool {
	return e.Stored != nil && e.Stored.anySensitive() || e.Before != nil && e.Before.anySensitive() || e.After != nil && e.After.anySensitive()
}

// Edits returns the changed fields of c's configuration, and the number of unchanged
// fields. A created or deleted object has one edit for each field. A namespace has
// none.
func (c Change) Edits(s Sensitivity) (edits []Edit, unchanged int) {
	if c.Key.IsNamespace() {
		return nil, 0
	}
	var before, after *Node
	var unreadable string
	var stored Value
	parse := func(v Value) *Node {
		n, err := v.Parse()
		if err != nil {
			unreadable, stored = err.Error(), v
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
			s.mark(c.Key, n, declared)
		}
	}
	switch {
	case unreadable != "":
		kind := map[Action]EditKind{Create: Add, Update: Replace, Delete: Remove}[c.Action]
		text := s.storedText(c.Key, stored, len(declared) > 0)
		return []Edit{{Kind: kind, Before: before, After: after, Unreadable: unreadable, Stored: text}}, 0
	case c.Action == Create:
		return wholeEdits(Add, *after), 0
	case c.Action == Delete:
		return wholeEdits(Remove, *before), 0
	}
	var d differ
	d.compare(nil, before, after)
	return d.edits, d.unchanged
}

// wholeEdits returns one edit for each field of an object or element of a list. For
// another value it returns one edit.
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

// differ collects the edits that turn one value into another.
type differ struct {
	Numbers
	edits     []Edit
	unchanged int // number of fields and elements that are equal
}

// compare compares two values at a path, extended by at most one step. The memory of
// the path is reused, so an edit must copy it.
func (d *differ) compare(path Path, before, after *Node, step ...Step) {
	if d.Same(before, after) {
		d.unchanged++
		return
	}
	if path == nil {
		path = make(Path, 0, MaxCompared)
	}
	path = append(path, step...)
	switch {
	case before.Kind == after.Kind && !before.IsLeaf() && len(path) >= MaxCompared:
		d.replace(path, before, after)
	case before.Kind == Object && after.Kind == Object:
		d.compareObjects(path, before, after)
	case before.Kind == List && after.Kind == List:
		d.compareLists(path, before, after)
	case before.JSON() != nil && after.JSON() != nil:
		var inner differ
		if !inner.Same(before.JSON(), after.JSON()) {
			inner.compare(nil, before.JSON(), after.JSON())
		}
		d.edits = append(d.edits, Edit{
			Path: path.clone(), Kind: Replace, Before: before, After: after,
			Inner: &Inner{inner.edits, inner.unchanged},
		})
	default:
		d.replace(path, before, after)
	}
}

// replace adds an edit for two values that have nothing in common. If one value is
// sensitive, the other is masked too. If the secret parts of both texts are known, only
// these parts are masked.
func (d *differ) replace(path Path, before, after *Node) {
	if before.anySensitive() || after.anySensitive() {
		if before.Secrets() == nil || after.Secrets() == nil {
			before.markAll()
			after.markAll()
		}
	}
	d.edits = append(d.edits, Edit{Path: path.clone(), Kind: Replace, Before: before, After: after})
}

func (d *differ) compareObjects(path Path, before, after *Node) {
	was, is := before.Index(), after.Index()
	for i := range before.Fields {
		f := &before.Fields[i]
		if now := is.Find(f.Name); now != nil {
			d.compare(path, &f.Value, now, Name(f.Name))
		} else {
			d.edits = append(d.edits, Edit{Path: path.With(Name(f.Name)), Kind: Remove, Before: &f.Value})
		}
	}
	for i := range after.Fields {
		f := &after.Fields[i]
		if was.Find(f.Name) == nil {
			d.edits = append(d.edits, Edit{Path: path.With(Name(f.Name)), Kind: Add, After: &f.Value})
		}
	}
}

// Canonical returns a text that is the same for two nodes if and only if they are
// equal. The text may contain secrets.
func (n Node) Canonical() string { return string(AppendJSON(nil, n.sorted())) }

// sorted returns n with the fields of every object sorted by name.
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
