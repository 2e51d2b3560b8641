package plan

import "slices"

// Core holds the values of a change without the ignored fields.
type Core struct {
	Before, After Value
}

// ignoring is the set of ignore patterns that apply at a place in a configuration and
// below it.
type ignoring struct{ patternSet }

func (i ignoring) field(name string) ignoring { return ignoring{i.below(name)} }
func (i ignoring) element(j int) ignoring     { return ignoring{i.item(j)} }

// within reports whether a field below this place may be ignored.
func (i ignoring) within() bool { return i.mayMatchBelow() }

// declared returns the first ignored path that n declares.
func (i ignoring) declared(n Node) (Path, bool) {
	path, ok := i.firstBelow(n)
	slices.Reverse(path)
	return path, ok
}

// firstBelow is declared with the steps in reverse order.
func (i ignoring) firstBelow(n Node) (Path, bool) {
	if !i.within() {
		return nil, false
	}
	in := func(below ignoring, n Node, step Step) (Path, bool) {
		if below.matches() {
			return Path{step}, true
		}
		found, ok := below.firstBelow(n)
		if !ok {
			return nil, false
		}
		return append(found, step), true
	}
	for j, item := range n.Items {
		if found, ok := in(i.element(j), item, Item(j)); ok {
			return found, true
		}
	}
	for _, f := range n.Fields {
		if found, ok := in(i.field(f.Name), f.Value, Name(f.Name)); ok {
			return found, true
		}
	}
	return nil, false
}

// strip returns a value without its ignored fields.
func (i ignoring) strip(n Node) Node {
	if !i.within() {
		return n
	}
	switch n.Kind {
	case List:
		items := make([]Node, len(n.Items))
		for j := range n.Items {
			items[j] = i.element(j).strip(n.Items[j])
		}
		n.Items = items
	case Object:
		fields := make([]Field, 0, len(n.Fields))
		for _, f := range n.Fields {
			below := i.field(f.Name)
			if below.matches() {
				continue
			}
			stripped := below.strip(f.Value)
			if hadFields(f.Value) && !hadFields(stripped) {
				continue // all its fields are ignored
			}
			fields = append(fields, Field{f.Name, stripped})
		}
		n.Fields = fields
	}
	return n
}

func hadFields(n Node) bool { return n.Kind == Object && len(n.Fields) > 0 }

// graft returns want with the ignored fields of live. List elements are matched by
// their names or by their other content. stripped is live without the ignored fields,
// and nil if nothing is left.
func (i ignoring) graft(want, live Node, stripped *Node, numbers *Numbers) Node {
	if !i.within() {
		return want
	}
	switch {
	case want.Kind == Object && live.Kind == Object:
		fields := slices.Clone(want.Fields)
		wanted := want.Index()
		var rest FieldIndex
		if stripped != nil {
			rest = stripped.Index()
		}
		for _, f := range live.Fields {
			below := i.field(f.Name)
			at := wanted.At(f.Name)
			switch {
			case below.matches():
				fields = append(fields, f)
			case at >= 0:
				fields[at].Value = below.graft(fields[at].Value, f.Value, rest.Find(f.Name), numbers)
			default:
				if rest, any := below.only(f.Value); any {
					fields = append(fields, Field{f.Name, rest})
				}
			}
		}
		want.Fields = fields
	case want.Kind == List && live.Kind == List && stripped != nil:
		items := slices.Clone(want.Items)
		for j, from := range partnersOf(want.Items, stripped.Items, numbers) {
			if from >= 0 {
				items[j] = i.element(from).graft(items[j], live.Items[from], &stripped.Items[from], numbers)
			}
		}
		want.Items = items
	}
	return want
}

// only returns the ignored fields of a value that is to be deleted.
func (i ignoring) only(n Node) (rest Node, any bool) {
	if n.Kind != Object || !i.within() {
		return Node{}, false
	}
	rest = Node{Kind: Object}
	for _, f := range n.Fields {
		below := i.field(f.Name)
		if below.matches() {
			rest.Fields = append(rest.Fields, f)
		} else if deeper, some := below.only(f.Value); some {
			rest.Fields = append(rest.Fields, Field{f.Name, deeper})
		}
	}
	return rest, len(rest.Fields) > 0
}

// partnersOf returns for each wanted list element the index of the live one that it
// corresponds to, or -1 for a new element. It matches elements with the same name, then
// elements with the same content except ignored fields, then the remaining ones at the
// same index.
func partnersOf(want, stripped []Node, numbers *Numbers) []int {
	names := numbers.ofAll
	field := identity(want, stripped)
	if field != "" {
		names = func(items []Node) []int {
			all := make([]int, len(items))
			for j := range items {
				all[j] = numbers.Of(items[j].Field(field))
			}
			return all
		}
	}
	free := map[int][]int{}
	for j, name := range names(stripped) {
		free[name] = append(free[name], j)
	}
	partners := make([]int, len(want))
	taken := make([]bool, len(stripped))
	for j, name := range names(want) {
		partners[j] = -1
		if at := free[name]; len(at) > 0 {
			partners[j], free[name], taken[at[0]] = at[0], at[1:], true
		}
	}
	for j := range partners {
		if partners[j] < 0 && field == "" && len(want) == len(stripped) && !taken[j] {
			partners[j], taken[j] = j, true
		}
	}
	return partners
}

// ignore copies the live values of ignored fields into a change. It reports a problem
// if the tree declares an ignored field.
func (d *diff) ignore(c *Change) {
	i := ignoring{d.ignored.of(c.Key)}
	if !i.within() || c.Action == Delete {
		return
	}
	want, err := c.After.Parse()
	if err != nil {
		return
	}
	if path, ok := i.declared(want); ok {
		position := c.Position
		if p, ok := c.Origins.Of(path); ok {
			position = p
		}
		d.problem(c.Key, position,
			Printable(path.String())+" is declared here, but ignored"+d.ignoredBy(append([]string{c.Key.Namespace, c.Key.Config}, path.Levels()...)), hintIgnored)
		return
	}
	live, err := c.Before.Parse()
	if c.Action != Update || err != nil {
		return
	}
	stripped := i.strip(live)
	c.Core = &Core{Before: Encode(stripped), After: c.After}
	c.After = Encode(i.graft(want, live, &stripped, &Numbers{}), c.After.sensitive()...)
}
