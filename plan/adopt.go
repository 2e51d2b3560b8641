package plan

import (
	"fmt"
	"slices"
)

// Wish is the desired state of one object: of a configuration, or of a namespace if Key
// has no configuration.
type Wish struct {
	Key    Key
	Absent bool
	Value  Value // of a configuration that is not absent
}

// Adoption lists the changes to a tree that make its plan empty.
type Adoption struct {
	// Wishes are sorted by key. A namespace comes before its configurations.
	Wishes []Wish
	// Undeclared are live namespaces that the tree does not declare.
	Undeclared []string
	// Left is what a tree can't declare.
	Left []Finding
}

// Adopt returns the changes to the tree that make it declare the live state. It is the
// reverse of Diff. Of the undeclared namespaces, it adds those that take accepts.
func Adopt(desired *Tree, live *Snapshot, opts Options, take func(namespace string) bool) Adoption {
	opts.Prune = PruneNamespaces
	wants := map[Key]Value{}
	declared := map[string]bool{}
	for _, ns := range desired.Namespaces {
		declared[ns.Name] = true
		for _, c := range ns.Configs {
			wants[Key{ns.Name, c.Name}] = c.Value
		}
	}
	var a Adoption
	passed := map[string]bool{}
	ignored := newPatternSet(opts.Ignore)
	part := newPart(opts)
	p := Diff(desired, adoptable(live, wants), opts)
	for _, key := range p.Kept {
		a.Undeclared = append(a.Undeclared, key.Namespace)
	}
	for _, f := range p.Problems {
		f.Message = "not changed: " + f.Message
		a.Left = append(a.Left, f)
	}
	for _, c := range p.Changes {
		ns := c.Key.Namespace
		switch {
		case passed[ns]:
		case c.Key.IsNamespace() && !part.whole(c.Key): // it is only there for its selected configurations
		case c.Key.Config == "" && c.Action == Delete && !take(ns):
			passed[ns] = true
			a.Undeclared = append(a.Undeclared, ns)
		case c.Key.Config == "" || c.Action == Create:
			a.Wishes = append(a.Wishes, Wish{Key: c.Key, Absent: c.Action == Create})
		default:
			a.config(c, wants, ignoring{ignored.of(c.Key)}, part)
		}
	}
	for _, ns := range live.Namespaces {
		if !declared[ns.Name] && !part.whole(Key{Namespace: ns.Name}) {
			a.parts(ns, part, ignored)
		}
	}
	return a
}

// parts adds the wishes for the selected configurations of a namespace that the tree
// does not declare.
func (a *Adoption) parts(ns LiveNamespace, p part, ignored patternSet) {
	at := len(a.Wishes)
	for _, c := range ns.Configs {
		if k := (Key{ns.Name, c.Name}); p.whole(k) && !c.Ephemeral {
			a.config(Change{Key: k, Before: c.Value}, nil, ignoring{ignored.of(k)}, p)
		}
	}
	if len(a.Wishes) > at {
		a.Wishes = slices.Insert(a.Wishes, at, Wish{Key: Key{Namespace: ns.Name}})
	}
}

// config adds the wish for a live configuration.
func (a *Adoption) config(c Change, wants map[Key]Value, i ignoring, p part) {
	n, err := c.Before.Parse()
	if err == nil && n.IsLeaf() {
		err = fmt.Errorf("a configuration must be an object or a list, and this is neither (%s)", n.Kind)
	}
	if err != nil {
		a.Left = append(a.Left, Finding{
			Key: c.Key, Position: c.Position, Message: "left out: " + err.Error(),
			Hint: "correct or delete it at the target",
		})
		return
	}
	taken := Config{Name: c.Key.Config, Value: c.Before}
	if i.within() {
		stripped := i.strip(n)
		if want, err := wants[c.Key].Parse(); err == nil {
			stripped = keepEmpty(stripped, n, want)
		}
		taken.Value = Encode(stripped)
	}
	if !p.whole(c.Key) {
		// Only some fields are taken; the others stay as the tree has them.
		if taken, err = p.of(c.Key, taken, wants[c.Key]); err != nil {
			a.Left = append(a.Left, Finding{Key: c.Key, Position: c.Position, Message: "left as it is: " + err.Error()})
			return
		}
	}
	a.Wishes = append(a.Wishes, Wish{Key: c.Key, Value: taken.Value})
}

// keepEmpty restores objects that are declared without fields and whose live fields are
// all ignored.
func keepEmpty(stripped, live, want Node) Node {
	if stripped.Kind != Object || live.Kind != Object || want.Kind != Object {
		return stripped
	}
	fields := slices.Clone(stripped.Fields)
	inStripped, inLive, inWant := stripped.Index(), live.Index(), want.Index()
	for j := range fields {
		l, w := inLive.Find(fields[j].Name), inWant.Find(fields[j].Name)
		if l != nil && w != nil {
			fields[j].Value = keepEmpty(fields[j].Value, *l, *w)
		}
	}
	for _, w := range want.Fields {
		l := inLive.Find(w.Name)
		if inStripped.Find(w.Name) == nil && l != nil && l.Kind == Object && w.Value.Kind == Object && !hadFields(w.Value) {
			fields = append(fields, Field{w.Name, Node{Kind: Object}})
		}
	}
	stripped.Fields = fields
	return stripped
}

// adoptable returns a snapshot without foreign and ephemeral objects, which would
// prevent deletions.
func adoptable(live *Snapshot, wants map[Key]Value) *Snapshot {
	s := *live
	s.Namespaces = slices.Clone(live.Namespaces)
	for i := range s.Namespaces {
		ns := &s.Namespaces[i]
		ns.Data, ns.Children = 0, 0
		ns.Configs = slices.DeleteFunc(slices.Clone(ns.Configs), func(c LiveConfig) bool {
			_, wanted := wants[Key{ns.Name, c.Name}]
			return c.Ephemeral && !wanted
		})
		for j := range ns.Configs {
			ns.Configs[j].Children = 0
		}
	}
	return &s
}

// Wishes returns the wishes that lead to the changes of this plan.
func (p *Plan) Wishes() []Wish {
	wishes := make([]Wish, len(p.Changes))
	for i, c := range p.Changes {
		wishes[i] = Wish{Key: c.Key, Absent: c.Action == Delete, Value: c.After}
		if c.Core != nil {
			wishes[i].Value = c.Core.After
		}
	}
	return wishes
}

// SensitiveAfter counts the sensitive values that a change adds. It does not count
// values at the declared paths, where the tree has references or marks. Elements of a
// list may have moved.
func (c Change) SensitiveAfter(s Sensitivity, declared []Path) int {
	if after, err := s.Parse(c.Key, c.After); err == nil && !after.anySensitive() && len(c.Before.sensitive()) == 0 {
		return 0
	}
	before := map[string]bool{}
	if n, err := c.Before.Parse(); err == nil && c.Action == Update {
		n.EachTrait(0, func(_ Trait, leaf Node) { before[leaf.Text] = true })
	}
	edits, _ := c.Edits(s)
	places := (*marked)(nil).with(declared)
	count := 0
	for _, e := range edits {
		if e.After == nil {
			continue
		}
		at := places
		for _, step := range e.Path {
			at = at.inherited(step)
		}
		count += e.After.countElsewhere(at, before)
	}
	return count
}

// countElsewhere counts the sensitive leaves that are neither marked nor in before.
func (n Node) countElsewhere(at *marked, before map[string]bool) int {
	switch {
	case at.here():
		return 0
	case n.Sensitive:
		count := 0
		n.EachTrait(0, func(_ Trait, leaf Node) {
			if !before[leaf.Text] {
				count = 1 // one leaf, however many secrets it holds
			}
		})
		return count
	}
	count := 0
	for i := range n.Items {
		count += n.Items[i].countElsewhere(at.below(Item(i)), before)
	}
	for i := range n.Fields {
		count += n.Fields[i].Value.countElsewhere(at.below(Name(n.Fields[i].Name)), before)
	}
	return count
}
