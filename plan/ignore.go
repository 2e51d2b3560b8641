package plan

import (
	"fmt"
	"slices"
)

// Core is what a change is about when applications write to its configuration
// themselves: its values without the fields that are ignored.
type Core struct {
	Before, After Value
}

// ignoring is what is ignored within one configuration.
type ignoring struct {
	key      Key
	patterns []Pattern
}

// ignoring returns what is ignored of a configuration's fields.
func (o Options) ignoring(k Key) ignoring {
	i := ignoring{key: k}
	for _, p := range o.Ignore {
		if p.mayMatchFields(k) {
			i.patterns = append(i.patterns, p)
		}
	}
	return i
}

// ignores reports whether an object is ignored as a whole.
func (o Options) ignores(k Key) bool {
	return slices.ContainsFunc(o.Ignore, func(p Pattern) bool { return p.MatchKey(k) })
}

// matches reports whether a path within the configuration is ignored.
func (i ignoring) matches(path Path) bool {
	if len(i.patterns) == 0 {
		return false
	}
	levels := append([]string{i.key.Namespace, i.key.Config}, path.Levels()...)
	return slices.ContainsFunc(i.patterns, func(p Pattern) bool { return p.Match(levels...) })
}

// declared returns the first path in a wanted value that is ignored.
func (i ignoring) declared(path Path, n Node) (Path, bool) {
	if len(path) > 0 && i.matches(path) {
		return path, true
	}
	for j, item := range n.Items {
		if found, ok := i.declared(path.With(Item(j)), item); ok {
			return found, true
		}
	}
	for _, f := range n.Fields {
		if found, ok := i.declared(path.With(Name(f.Name)), f.Value); ok {
			return found, true
		}
	}
	return nil, false
}

// strip returns a value without what is ignored in it.
func (i ignoring) strip(path Path, n Node) Node {
	switch n.Kind {
	case List:
		items := make([]Node, len(n.Items))
		for j := range n.Items {
			items[j] = i.strip(path.With(Item(j)), n.Items[j])
		}
		n.Items = items
	case Object:
		fields := make([]Field, 0, len(n.Fields))
		for _, f := range n.Fields {
			below := path.With(Name(f.Name))
			if i.matches(below) {
				continue
			}
			stripped := i.strip(below, f.Value)
			if hadFields(f.Value) && !hadFields(stripped) {
				continue // there was nothing else in it
			}
			fields = append(fields, Field{f.Name, stripped})
		}
		n.Fields = fields
	}
	return n
}

func hadFields(n Node) bool { return n.Kind == Object && len(n.Fields) > 0 }

// graft returns what is wanted with what is ignored taken from what is live.
// Elements of lists are followed by their names, or by what else is in them.
func (i ignoring) graft(path Path, want, live Node) Node {
	switch {
	case want.Kind == Object && live.Kind == Object:
		fields := slices.Clone(want.Fields)
		wanted := want.Index()
		for _, f := range live.Fields {
			below := path.With(Name(f.Name))
			at := wanted.At(f.Name)
			switch {
			case i.matches(below):
				fields = append(fields, f)
			case at >= 0:
				fields[at].Value = i.graft(below, fields[at].Value, f.Value)
			default:
				if rest, any := i.only(below, f.Value); any {
					fields = append(fields, Field{f.Name, rest})
				}
			}
		}
		want.Fields = fields
	case want.Kind == List && live.Kind == List:
		items := slices.Clone(want.Items)
		for j, from := range i.partners(path, want.Items, live.Items) {
			if from >= 0 {
				items[j] = i.graft(path.With(Item(from)), items[j], live.Items[from])
			}
		}
		want.Items = items
	}
	return want
}

// only returns what is ignored in a value that is not wanted any more.
func (i ignoring) only(path Path, n Node) (rest Node, any bool) {
	if n.Kind != Object {
		return Node{}, false
	}
	rest = Node{Kind: Object}
	for _, f := range n.Fields {
		below := path.With(Name(f.Name))
		if i.matches(below) {
			rest.Fields = append(rest.Fields, f)
		} else if deeper, some := i.only(below, f.Value); some {
			rest.Fields = append(rest.Fields, Field{f.Name, deeper})
		}
	}
	return rest, len(rest.Fields) > 0
}

// partners returns for each wanted element of a list which live one it is: that
// of the same name, or that with the same in it but for what is ignored, or else
// that at the same place if it is nobody's. It is -1 for one that is new.
func (i ignoring) partners(path Path, want, live []Node) []int {
	stripped := make([]Node, len(live))
	for j := range live {
		stripped[j] = i.strip(path.With(Item(j)), live[j])
	}
	names := func(items []Node) []string {
		all := make([]string, len(items))
		for j := range items {
			all[j] = items[j].Canonical()
		}
		return all
	}
	field := identity(want, stripped)
	if field != "" {
		names = func(items []Node) []string {
			all := make([]string, len(items))
			for j := range items {
				all[j] = items[j].Field(field).Canonical()
			}
			return all
		}
	}
	free := map[string][]int{}
	for j, name := range names(stripped) {
		free[name] = append(free[name], j)
	}
	partners := make([]int, len(want))
	taken := make([]bool, len(live))
	for j, name := range names(want) {
		partners[j] = -1
		if at := free[name]; len(at) > 0 {
			partners[j], free[name], taken[at[0]] = at[0], at[1:], true
		}
	}
	for j := range partners {
		if partners[j] < 0 && field == "" && len(want) == len(live) && !taken[j] {
			partners[j], taken[j] = j, true
		}
	}
	return partners
}

// ignore takes over into a change what is ignored at the target. It reports a
// value that declares such.
func (d *diff) ignore(c *Change) {
	i := d.opts.ignoring(c.Key)
	if len(i.patterns) == 0 || c.Action == Delete {
		return
	}
	want, err := c.After.Parse()
	if err != nil {
		return
	}
	if path, ok := i.declared(nil, want); ok {
		position := c.Position
		if p, ok := c.Origins.Of(path); ok {
			position = p
		}
		d.problem(c.Key, position,
			fmt.Sprintf("%s is declared here, and ignored: applications write it", Printable(path.String())),
			"take it out of the tree, or out of what is ignored")
		return
	}
	live, err := c.Before.Parse()
	if c.Action != Update || err != nil {
		return
	}
	c.Core = &Core{Before: Encode(i.strip(nil, live)), After: c.After}
	c.After = Encode(i.graft(nil, want, live), c.After.sensitive()...)
}
