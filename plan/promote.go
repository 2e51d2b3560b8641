package plan

import (
	"fmt"
	"slices"
)

// Promotion is what travels from one target to another, and what stays.
type Promotion struct {
	// To is what the target is called.
	To string
	// Selection and Paths say what travels: namespaces that are selected by
	// name, and what a path names. Without either, everything does.
	Selection Selection
	Paths     []Pattern
	// Keep names what stays as the target has it.
	Keep []Pattern
	// Sensitivity finds what is sensitive, which stays unless WithSecrets is
	// set.
	Sensitivity Sensitivity
	WithSecrets bool
	// Ignore names what applications write: it does not travel.
	Ignore []Pattern
}

// travels reports whether a configuration does, at least in part.
func (p Promotion) travels(k Key) bool {
	excluded := Selection{Exclude: p.Selection.Exclude}
	if !excluded.Namespace(k.Namespace) || !excluded.Config(k.Namespace, k.Config) {
		return false
	}
	return p.whole(k) || slices.ContainsFunc(p.Paths, func(path Pattern) bool { return path.mayMatchFields(k) })
}

// whole reports whether a configuration travels with all its fields.
func (p Promotion) whole(k Key) bool {
	named := len(p.Selection.Namespaces) > 0
	if (named || len(p.Paths) == 0) && p.Selection.Namespace(k.Namespace) {
		return true
	}
	return slices.ContainsFunc(p.Paths, func(path Pattern) bool {
		return path.Match(k.Namespace) || path.MatchKey(k)
	})
}

// Namespaces returns the names of those of which something travels.
func (p Promotion) Namespaces(from *Tree) map[string]bool {
	names := map[string]bool{}
	for _, ns := range from.Namespaces {
		if p.travels(Key{Namespace: ns.Name}) || slices.ContainsFunc(ns.Configs, func(c Config) bool { return p.travels(Key{ns.Name, c.Name}) }) {
			names[ns.Name] = true
		}
	}
	return names
}

// Desired returns what is wanted at the target: what travels, with what stays as
// it is there. What should stay and is not there is missing.
func (p Promotion) Desired(from *Tree, to *Snapshot) (desired *Tree, missing []Finding) {
	desired = &Tree{}
	names := p.Namespaces(from)
	there := make(map[string]*LiveNamespace, len(to.Namespaces))
	for i := range to.Namespaces {
		there[to.Namespaces[i].Name] = &to.Namespaces[i]
	}
	for _, ns := range from.Namespaces {
		if !names[ns.Name] {
			continue
		}
		live := map[string]LiveConfig{}
		if ns := there[ns.Name]; ns != nil {
			for _, c := range ns.Configs {
				live[c.Name] = c
			}
		}
		wanted := Namespace{Name: ns.Name, Position: ns.Position}
		for _, c := range ns.Configs {
			key := Key{ns.Name, c.Name}
			there, exists := live[c.Name]
			delete(live, c.Name)
			switch {
			case p.travels(key) && !p.keepsWhole(key):
				config, lacks := p.config(key, c, there.Value, exists)
				wanted.Configs = append(wanted.Configs, config)
				missing = append(missing, lacks...)
			case exists:
				wanted.Configs = append(wanted.Configs, Config{Name: c.Name, Value: p.asItIs(key, there.Value)})
			}
		}
		for name, c := range live {
			if key := (Key{ns.Name, name}); !c.Ephemeral && (!p.whole(key) || p.keepsWhole(key)) {
				wanted.Configs = append(wanted.Configs, Config{Name: name, Value: p.asItIs(key, c.Value)})
			}
		}
		desired.Namespaces = append(desired.Namespaces, wanted)
	}
	desired.Sort()
	return desired, missing
}

// asItIs returns what is there, without what a tree may not declare.
func (p Promotion) asItIs(k Key, there Value) Value {
	return Options{Ignore: p.Ignore}.withoutIgnored(k, there)
}

func (p Promotion) keepsWhole(k Key) bool {
	return slices.ContainsFunc(p.Keep, func(pattern Pattern) bool { return pattern.MatchKey(k) })
}

// config returns a configuration as it is to be.
func (p Promotion) config(key Key, from Config, there Value, exists bool) (Config, []Finding) {
	n, err := p.Sensitivity.Parse(key, from.Value)
	if err != nil {
		return from, nil // as it is: what can't be read has no fields to keep
	}
	k := keeper{Promotion: p, key: key, ignore: Options{Ignore: p.Ignore}.ignoring(key), whole: p.whole(key)}
	var live *Node
	if exists {
		if l, err := p.Sensitivity.Parse(key, there); err == nil {
			live = &l
		}
	}
	combined := k.combine(nil, n, live)
	from.Value = Encode(combined, from.Value.sensitive()...)
	return from, k.missing
}

// keeper combines a configuration that travels with the one that is there.
type keeper struct {
	Promotion
	key     Key
	ignore  ignoring
	whole   bool // all its fields travel
	missing []Finding
}

func (k *keeper) levels(path Path) []string {
	return append([]string{k.key.Namespace, k.key.Config}, path.Levels()...)
}

// keeps reports whether a value stays as the target has it.
func (k *keeper) keeps(path Path, n Node) bool {
	levels := k.levels(path)
	matches := func(patterns []Pattern) bool {
		return slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Match(levels...) })
	}
	switch {
	case matches(k.Keep):
		return true
	case !k.WithSecrets && (n.Sensitive || n.Kind == List && slices.ContainsFunc(n.Items, func(item Node) bool { return item.Sensitive })):
		return true
	}
	return !k.whole && n.Kind != Object && !k.named(levels)
}

// named reports whether a path on the command line names a field, or something
// that it is in.
func (k *keeper) named(levels []string) bool {
	for length := 3; length <= len(levels); length++ {
		if slices.ContainsFunc(k.Paths, func(p Pattern) bool { return p.Match(levels[:length]...) }) {
			return true
		}
	}
	return false
}

// combine returns what comes from one value, with what stays of the other. there
// is nil when the target has none.
func (k *keeper) combine(path Path, from Node, there *Node) Node {
	switch from.Kind {
	case Object:
		if there != nil && there.Kind != Object {
			there = nil
		}
		return k.object(path, from, there)
	case List:
		if there != nil && there.Kind != List {
			there = nil
		}
		return k.list(path, from, there)
	}
	return from
}

func (k *keeper) object(path Path, from Node, there *Node) Node {
	combined := Node{Kind: Object}
	var present FieldIndex
	if there != nil {
		present = there.Index()
	}
	for _, f := range from.Fields {
		below := path.With(Name(f.Name))
		was := present.Find(f.Name)
		switch {
		case k.ignore.matches(below):
		case !k.keeps(below, f.Value):
			combined.Fields = append(combined.Fields, Field{f.Name, k.combine(below, f.Value, was)})
		case was != nil:
			combined.Fields = append(combined.Fields, Field{f.Name, *was})
		case k.whole || k.named(k.levels(below)):
			k.missing = append(k.missing, Finding{
				Key: k.key, Message: fmt.Sprintf("%s needs a value in %s", Printable(below.String()), Printable(k.To)),
				Hint: "set it there first, or go on without it: --allow-missing; or take the value along: --with-secrets for what is sensitive, or less to --keep",
			})
		}
	}
	if there == nil {
		return combined
	}
	travels := from.Index()
	for _, f := range there.Fields {
		below := path.With(Name(f.Name))
		if travels.Find(f.Name) != nil || k.ignore.matches(below) {
			continue
		}
		if rest, stays := k.staying(below, f.Value); stays {
			combined.Fields = append(combined.Fields, Field{f.Name, rest})
		}
	}
	return combined
}

// staying returns what stays of a value that only the target has.
func (k *keeper) staying(path Path, n Node) (rest Node, stays bool) {
	if k.keeps(path, n) {
		return n, true
	}
	if n.Kind != Object {
		return Node{}, false
	}
	rest = Node{Kind: Object}
	for _, f := range n.Fields {
		if below, some := k.staying(path.With(Name(f.Name)), f.Value); some {
			rest.Fields = append(rest.Fields, Field{f.Name, below})
		}
	}
	return rest, len(rest.Fields) > 0
}

func (k *keeper) list(path Path, from Node, there *Node) Node {
	combined := Node{Kind: List, Items: make([]Node, len(from.Items))}
	var partners []int
	if there != nil {
		partners = byName(from.Items, there.Items)
	}
	for i, item := range from.Items {
		var was *Node
		if there != nil && partners[i] >= 0 {
			was = &there.Items[partners[i]]
		}
		combined.Items[i] = k.combine(path.With(Item(i)), item, was)
	}
	return combined
}

// byName returns for each element the other list's that has the same name, or
// without names the one at the same place; -1 for none.
func byName(from, there []Node) []int {
	partners := make([]int, len(from))
	field := identity(from, there)
	named := map[string]int{}
	if field != "" {
		for j := range there {
			named[there[j].Field(field).Canonical()] = j
		}
	}
	for i := range from {
		partners[i] = -1
		switch {
		case field != "":
			if j, ok := named[from[i].Field(field).Canonical()]; ok {
				partners[i] = j
			}
		case i < len(there):
			partners[i] = i
		}
	}
	return partners
}
