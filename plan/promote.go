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
	// Reference returns where a tree of either environment has a reference; nil for
	// no trees.
	Reference func(k Key, path Path) (Position, bool)
}

// Kept is a field, or with an empty path a configuration, that stays as the target
// has it.
type Kept struct {
	Key      Key
	Path     Path
	Why      KeptReason
	Pattern  string   // for KeptByPattern
	Position Position // for KeptReference
}

// KeptReason says why a promotion keeps a field.
type KeptReason string

// The reasons, as reports have them.
const (
	KeptByPattern KeptReason = "keep"
	KeptSecret    KeptReason = "secret"
	KeptReference KeptReason = "reference"
)

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
// it is there. What should stay and is not there is missing. kept is what stays,
// or doesn't travel, by key.
func (p Promotion) Desired(from *Tree, to *Snapshot) (desired *Tree, missing []Finding, kept []Kept) {
	desired = &Tree{Marks: from.Marks}
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
			by, whole := p.keepsWhole(key)
			if whole && p.travels(key) {
				kept = append(kept, Kept{Key: key, Why: KeptByPattern, Pattern: by.String()})
			}
			switch {
			case p.travels(key) && !whole:
				config, k := p.config(key, c, there.Value, exists)
				wanted.Configs = append(wanted.Configs, config)
				missing, kept = append(missing, k.missing...), append(kept, k.kept...)
			case exists:
				wanted.Configs = append(wanted.Configs, Config{Name: c.Name, Value: p.asItIs(key, there.Value)})
			}
		}
		for name, c := range live {
			key := Key{ns.Name, name}
			by, keeps := p.keepsWhole(key)
			if !c.Ephemeral && (!p.whole(key) || keeps) {
				wanted.Configs = append(wanted.Configs, Config{Name: name, Value: p.asItIs(key, c.Value)})
			}
			if !c.Ephemeral && keeps && p.whole(key) {
				kept = append(kept, Kept{Key: key, Why: KeptByPattern, Pattern: by.String()})
			}
		}
		desired.Namespaces = append(desired.Namespaces, wanted)
	}
	desired.Sort()
	slices.SortStableFunc(kept, func(a, b Kept) int { return a.Key.Compare(b.Key) })
	return desired, missing, kept
}

// asItIs returns what is there, without what a tree may not declare.
func (p Promotion) asItIs(k Key, there Value) Value {
	return Options{Ignore: p.Ignore}.withoutIgnored(k, there)
}

// keepsWhole returns the pattern by which all of a configuration stays.
func (p Promotion) keepsWhole(k Key) (by Pattern, keeps bool) {
	i := slices.IndexFunc(p.Keep, func(pattern Pattern) bool { return pattern.MatchKey(k) })
	if i < 0 {
		return by, false
	}
	return p.Keep[i], true
}

// config returns a configuration as it is to be.
func (p Promotion) config(key Key, from Config, there Value, exists bool) (Config, *keeper) {
	n, err := p.Sensitivity.Parse(key, from.Value)
	if err != nil {
		return from, &keeper{} // as it is: what can't be read has no fields to keep
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
	return from, &k
}

// keeper combines a configuration that travels with the one that is there.
type keeper struct {
	Promotion
	key     Key
	ignore  ignoring
	whole   bool // all its fields travel
	numbers Numbers
	rests   map[*Node][]Node // what travels of each list, by its first element
	missing []Finding
	kept    []Kept
}

func (k *keeper) levels(path Path) []string {
	return append([]string{k.key.Namespace, k.key.Config}, path.Levels()...)
}

// keeps reports whether a value stays as the target has it. why is nil when it is
// only not among what is to travel.
func (k *keeper) keeps(path Path, n Node) (why *Kept, keeps bool) {
	var levels []string // of a deep value they are long, and mostly not needed
	if len(k.Keep) > 0 || !k.whole {
		levels = k.levels(path)
	}
	if i := slices.IndexFunc(k.Keep, func(p Pattern) bool { return p.Match(levels...) }); i >= 0 {
		return &Kept{k.key, slices.Clone(path), KeptByPattern, k.Keep[i].String(), Position{}}, true
	}
	if !k.WithSecrets && (n.Sensitive || n.Kind == List && slices.ContainsFunc(n.Items, func(item Node) bool { return item.Sensitive })) {
		why := &Kept{Key: k.key, Path: slices.Clone(path), Why: KeptSecret}
		if k.Reference != nil {
			if position, ok := k.Reference(k.key, why.Path); ok {
				why.Why, why.Position = KeptReference, position
			}
		}
		return why, true
	}
	return nil, !k.whole && n.Kind != Object && !k.named(levels)
}

// keep remembers a field that stays, if it would have travelled otherwise.
func (k *keeper) keep(why *Kept) {
	if why != nil && (k.whole || k.named(k.levels(why.Path))) {
		k.kept = append(k.kept, *why)
	}
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
// is nil when the target has none. Steps are appended to path in place: what keeps
// a path must copy it.
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
		below := append(path, Name(f.Name))
		was := present.Find(f.Name)
		if k.ignore.matches(below) {
			continue
		}
		why, keeps := k.keeps(below, f.Value)
		if !keeps && was != nil {
			// A placeholder here must not replace a secret there.
			why, keeps = k.keeps(below, *was)
		}
		k.keep(why)
		switch {
		case !keeps:
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
		below := append(path, Name(f.Name))
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
	if why, keeps := k.keeps(path, n); keeps {
		k.keep(why)
		return n, true
	}
	if n.Kind != Object {
		return Node{}, false
	}
	rest = Node{Kind: Object}
	for _, f := range n.Fields {
		if below, some := k.staying(append(path, Name(f.Name)), f.Value); some {
			rest.Fields = append(rest.Fields, Field{f.Name, below})
		}
	}
	return rest, len(rest.Fields) > 0
}

func (k *keeper) list(path Path, from Node, there *Node) Node {
	combined := Node{Kind: List, Items: make([]Node, len(from.Items))}
	was := Node{Kind: List}
	if there != nil {
		was = *there
	}
	partners := k.partners(path, from.Items, was.Items)
	name := identity(from.Items, was.Items)
	for i, item := range from.Items {
		var partner *Node
		if partners[i] >= 0 {
			partner = &was.Items[partners[i]]
		}
		step := Item(i)
		if name != "" {
			step = step.Named(name, item.Field(name).Text)
		}
		combined.Items[i] = k.combine(append(path, step), item, partner)
	}
	return combined
}

// partners returns for each element the one that it takes what stays from, or -1:
// as a plan pairs them, but by what travels alone, as the rest is different. Of
// lists that are equally long, the elements that are left are partners in order.
func (k *keeper) partners(path Path, from, there []Node) []int {
	if len(from) == 1 && len(there) == 1 && identity(from, there) == "" {
		return []int{0}
	}
	partners, named := k.numbers.Partners(k.travelling(path, there), k.travelling(path, from))
	if named {
		return partners
	}
	if len(from) != len(there) {
		return partners
	}
	rest := alone(len(there), partners)
	for i := range partners {
		if partners[i] < 0 {
			partners[i], rest = rest[0], rest[1:]
		}
	}
	return partners
}

// travelling returns elements without what stays. Each list is gone through once, also
// when it is asked for again as part of those that it is in.
func (k *keeper) travelling(path Path, items []Node) []Node {
	if len(items) == 0 {
		return nil
	}
	if rest, ok := k.rests[&items[0]]; ok {
		return rest
	}
	rest := make([]Node, len(items))
	if k.rests == nil {
		k.rests = map[*Node][]Node{}
	}
	k.rests[&items[0]] = rest
	for i, item := range items {
		rest[i] = k.without(append(path, Item(i)), item)
	}
	return rest
}

func (k *keeper) without(path Path, n Node) Node {
	rest := n
	switch n.Kind {
	case Object:
		rest.Fields = nil
		for _, f := range n.Fields {
			below := append(path, Name(f.Name))
			if _, keeps := k.keeps(below, f.Value); !keeps && !k.ignore.matches(below) {
				rest.Fields = append(rest.Fields, Field{f.Name, k.without(below, f.Value)})
			}
		}
	case List:
		rest.Items = k.travelling(path, n.Items)
	}
	return rest
}
