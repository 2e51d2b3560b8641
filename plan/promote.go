package plan

import (
	"maps"
	"slices"
)

// Promotion describes a copy of configurations from one target to another.
type Promotion struct {
	// To is the name of the destination.
	To string
	// Selection and Paths select what is promoted: selected namespaces, and objects and
	// fields that a path matches. Without either, everything is promoted.
	Selection Selection
	Paths     []Pattern
	// Keep matches the fields that the destination keeps.
	Keep []Pattern
	// Sensitivity finds sensitive values. The destination keeps its own, unless
	// WithSecrets is set.
	Sensitivity Sensitivity
	WithSecrets bool
	// Ignore matches the fields and configurations that applications write at the
	// destination, and IgnoreFrom those that they write at the source. Neither are
	// promoted.
	Ignore, IgnoreFrom []Pattern
	// Reference returns the position of a reference in the tree of either environment.
	// It is nil if there are no trees.
	Reference func(k Key, path Path) (Position, bool)
	// Overlaid finds the values that the overlays of each environment decide, those of the
	// destination first. They are kept, unless a path names them.
	Overlaid []Overlaid
	// HintMissing returns how to set a missing value at the destination, or "" if that is
	// unknown. It may be nil.
	HintMissing func(k Key, path Path) string
	// Asked is called for each object and field that a path names, if an overlay of the
	// destination decides it or if it is ignored.
	Asked func(Finding)
}

// Kept is a field that the destination keeps, or a configuration if Path is empty.
type Kept struct {
	Key      Key
	Path     Path
	Why      KeptReason
	Pattern  string   // of KeptByPattern
	Position Position // of KeptReference and KeptOverlay
	Of       string   // the environment of KeptOverlay
	Equal    bool     // both sides have the same value
}

// KeptReason says why a promotion keeps a field.
type KeptReason string

// The reasons, as reports show them.
const (
	KeptByPattern KeptReason = "keep"
	KeptSecret    KeptReason = "secret"
	KeptReference KeptReason = "reference"
	KeptOverlay   KeptReason = "overlay"
	keptIgnored   KeptReason = "ignored" // by FROM; reports do not show it
)

// rules is a promotion with its patterns as sets.
type rules struct {
	Promotion
	paths, keep, ignoreFrom patternSet
	ignore                  ignoring
}

func (p Promotion) rules() rules {
	return rules{
		Promotion: p, paths: newPatternSet(p.Paths), keep: newPatternSet(p.Keep),
		ignoreFrom: newPatternSet(p.IgnoreFrom), ignore: ignoring{newPatternSet(p.Ignore)},
	}
}

// travels reports whether at least a part of a configuration is promoted.
func (p rules) travels(k Key) bool {
	excluded := Selection{Exclude: p.Selection.Exclude}
	if !excluded.Namespace(k.Namespace) || !excluded.Config(k.Namespace, k.Config) {
		return false
	}
	return p.whole(k) || !k.IsNamespace() && p.paths.of(k).mayMatchBelow()
}

// whole reports whether all fields of a configuration are promoted.
func (p rules) whole(k Key) bool {
	named := len(p.Selection.Namespaces) > 0
	if (named || len(p.Paths) == 0) && p.Selection.Namespace(k.Namespace) {
		return true
	}
	namespace := p.paths.below(k.Namespace)
	return namespace.matches() || !k.IsNamespace() && namespace.below(k.Config).matches()
}

// Namespaces returns the names of the namespaces that are promoted at least in part. Only
// the destination may have the selected part: then it is deleted.
func (p Promotion) Namespaces(from *Tree, to *Snapshot) map[string]bool {
	return p.rules().namespaces(from, to)
}

func (p rules) namespaces(from *Tree, to *Snapshot) map[string]bool {
	has, names := map[string]bool{}, map[string]bool{}
	for _, ns := range from.Namespaces {
		has[ns.Name] = true
		if p.travels(Key{Namespace: ns.Name}) || slices.ContainsFunc(ns.Configs, func(c Config) bool { return p.travels(Key{ns.Name, c.Name}) }) {
			names[ns.Name] = true
		}
	}
	for _, ns := range to.Namespaces {
		if has[ns.Name] && slices.ContainsFunc(ns.Configs, func(c LiveConfig) bool { return p.travels(Key{ns.Name, c.Name}) && p.whole(Key{ns.Name, c.Name}) }) {
			names[ns.Name] = true
		}
	}
	return names
}

// Desired returns the desired tree of the destination: the promoted values, merged with
// the kept ones. missing lists fields that should be kept but do not exist there. kept
// lists the kept fields, sorted by key.
func (p Promotion) Desired(from *Tree, to *Snapshot) (desired *Tree, missing []Finding, kept []Kept) {
	return p.rules().desired(from, to)
}

func (p rules) desired(from *Tree, to *Snapshot) (desired *Tree, missing []Finding, kept []Kept) {
	desired = &Tree{Marks: from.Marks}
	names := p.namespaces(from, to)
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
		_, exists := there[ns.Name]
		if stays, decided := p.keepsNamespace(ns.Name); decided && !exists {
			kept = append(kept, stays)
			continue
		}
		wanted := Namespace{Name: ns.Name, Position: ns.Position}
		for _, c := range ns.Configs {
			key := Key{ns.Name, c.Name}
			there, exists := live[c.Name]
			delete(live, c.Name)
			if p.ignore.of(key).matches() {
				p.warnIgnored(key, p.paths.of(key))
				continue
			}
			stays, whole := p.keepsWhole(key)
			if whole && p.travels(key) && stays.Why != keptIgnored {
				stays.Equal = exists && c.Value.Equal(there.Value)
				kept = append(kept, stays)
			}
			switch {
			case p.travels(key) && !whole:
				config, k := p.config(key, c, there.Value, exists)
				wanted.Configs = append(wanted.Configs, config)
				missing, kept = append(missing, k.missing...), append(kept, k.kept...)
			case exists:
				wanted.Configs = append(wanted.Configs, p.asItIs(key, there.Value))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(live)) {
			key, c := Key{ns.Name, name}, live[name]
			stays, keeps := p.keepsWhole(key)
			if c.Ephemeral || p.ignore.of(key).matches() || p.whole(key) && !keeps {
				continue
			}
			wanted.Configs = append(wanted.Configs, p.asItIs(key, c.Value))
			if keeps && stays.Why != keptIgnored && p.whole(key) {
				kept = append(kept, stays)
			}
		}
		if isEmptied := len(wanted.Configs) == 0 && len(ns.Configs) > 0; exists || !isEmptied {
			desired.Namespaces = append(desired.Namespaces, wanted)
		}
	}
	desired.Sort()
	slices.SortStableFunc(kept, func(a, b Kept) int { return a.Key.Compare(b.Key) })
	return desired, missing, kept
}

// asItIs returns a configuration as it is there, without its ignored fields, because a tree
// must not declare them.
func (p rules) asItIs(k Key, there Value) Config {
	return Config{Name: k.Config, Value: p.ignore.without(k, there), Asked: AskedNothing}
}

// keepsWhole reports whether a complete configuration is kept, and why.
func (p rules) keepsWhole(k Key) (Kept, bool) {
	if i := p.keep.of(k).first(); i >= 0 {
		return Kept{Key: k, Why: KeptByPattern, Pattern: p.Keep[i].String()}, true
	}
	if p.ignoreFrom.of(k).matches() {
		p.warnIgnored(k, p.paths.of(k))
		return Kept{Why: keptIgnored}, true
	}
	_, decided := p.overlaid(Key{Namespace: k.Namespace}, nil, false)
	return p.overlaid(k, nil, p.names(k) || decided && p.names(Key{Namespace: k.Namespace}))
}

// keepsNamespace reports whether an overlay decides a complete namespace, and no path names
// the namespace or something in it.
func (p rules) keepsNamespace(name string) (Kept, bool) {
	k := Key{Namespace: name}
	if !p.whole(k) || p.names(k) {
		return Kept{}, false
	}
	return p.overlaid(k, nil, false)
}

// overlaid reports whether an overlay decides a value. named says that a path names the
// value or one that it is in: then it is not kept. An empty path stands for the object k.
func (p rules) overlaid(k Key, path Path, named bool) (Kept, bool) {
	for _, o := range p.Overlaid {
		d, decided := o.Decide(k, path)
		if decided && !named {
			return Kept{Key: k, Path: path, Why: KeptOverlay, Position: d.Position, Of: o.Of}, true
		}
		if decided && o.Of == p.To && p.Asked != nil {
			p.Asked(d.changedBack(p.To, k, path))
		}
	}
	return Kept{}, false
}

// names reports whether a path names an object itself, without wildcards.
func (p rules) names(k Key) bool {
	return slices.ContainsFunc(p.Paths, func(path Pattern) bool { return !IsGlob(path.text) && path.MatchKey(k) })
}

// warnIgnored warns of an ignored value that a path names. at is its place in the paths.
func (p rules) warnIgnored(k Key, at patternSet) {
	if i := at.first(); i >= 0 && p.Asked != nil {
		p.Asked(Finding{
			Key: k, Message: "not copied because it is ignored: " + Printable(p.Paths[i].String()),
			Hint: "remove it from ignore in the project file, or from the paths",
		})
	}
}

// config returns the desired value of a configuration.
func (p rules) config(key Key, from Config, there Value, exists bool) (Config, *keeper) {
	n, err := p.Sensitivity.Parse(key, from.Value)
	if err != nil {
		return from, &keeper{} // an unreadable value has no fields to keep
	}
	k := keeper{rules: p, key: key, whole: p.whole(key), rest: map[*Node]*Node{}, stays: map[Place]bool{}}
	var live *Node
	if exists {
		if l, err := p.Sensitivity.Parse(key, there); err == nil {
			live = &l
		}
	}
	at := keeperPlace{keep: p.keep.of(key), ignoreFrom: p.ignoreFrom.of(key), ignore: ignoring{p.ignore.of(key)}, paths: p.paths.of(key)}
	if _, decided := p.overlaid(key, nil, false); decided {
		at.named = true // because a path names it, or keepsWhole would be true
	}
	k.findStays(at, &n)
	if live != nil {
		k.findStays(at, live)
	}
	if !k.whole {
		from.Asked = at.paths.asked(&n, live)
	}
	combined := at.ignore.strip(k.combine(at, &n, live))
	from.Value = Encode(combined, from.Value.sensitive()...)
	return from, &k
}
