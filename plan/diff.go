package plan

// Prune says which live objects are deleted if the tree does not declare them.
type Prune uint8

// The prune modes.
const (
	// PruneConfigurations deletes undeclared configurations in declared namespaces.
	PruneConfigurations Prune = iota
	// PruneNone deletes nothing.
	PruneNone
	// PruneNamespaces deletes undeclared namespaces too.
	PruneNamespaces
)

// Options are the parameters of Diff besides the tree and the snapshot.
type Options struct {
	Prune     Prune
	Selection Selection
	// Only limits the plan to the namespaces, configurations and fields that a pattern
	// matches. Without patterns, there is no limit.
	Only []Pattern
	// Exact compares values byte for byte, for a restore.
	Exact bool
	// Ignore matches the fields that applications write. Their live values stay, and
	// the tree must not declare them.
	Ignore []Pattern
	// Access declares the ACLs of declared objects. With OnlyNew, the ACLs of existing
	// objects stay unchanged.
	Access  []AccessRule
	OnlyNew bool
	// Recorded has the ACLs of a restore, for objects without a declared ACL.
	Recorded *Recorded
}

func (o Options) same(a, b Value) bool {
	if o.Exact {
		return a.Same(b)
	}
	return a.Equal(b)
}

// Diff returns the plan that brings live to desired. It is one merge of two sorted lists:
// nothing is looked up, and values that are stored alike are never parsed. A side that is
// not sorted is compared as a sorted copy. A name that a side has twice is a problem.
//
// Unless opts.Exact is set, Diff does not update a value that equals the live one but
// differs in its bytes.
func Diff(desired *Tree, live *Snapshot, opts Options) *Plan {
	d := diff{opts: opts, part: newPart(opts), ignored: newPatternSet(opts.Ignore), plan: &Plan{Foreign: live.Foreign}}
	want, have := d.tree(desired), d.snapshot(live)
	if len(d.plan.Problems) > 0 {
		return d.plan
	}
	for len(want) > 0 || len(have) > 0 {
		switch {
		case len(want) > 0 && !opts.Selection.Namespace(want[0].Name):
			want = want[1:]
		case len(have) > 0 && !opts.Selection.Namespace(have[0].Name):
			have = have[1:]
		case len(want) > 0 && !d.part.any(want[0].Name):
			want = want[1:]
		case len(have) > 0 && !d.part.any(have[0].Name):
			have = have[1:]
		case len(have) == 0 || len(want) > 0 && want[0].Name < have[0].Name:
			d.createNamespace(want[0])
			want = want[1:]
		case len(want) == 0 || want[0].Name > have[0].Name:
			d.undeclaredNamespace(have[0])
			have = have[1:]
		default:
			d.namespace(want[0], have[0])
			want, have = want[1:], have[1:]
		}
	}
	if len(opts.Access) > 0 || opts.Recorded != nil {
		d.access(desired, live)
	}
	return d.plan
}

type diff struct {
	opts    Options
	part    part
	ignored patternSet
	plan    *Plan
}

// ignores reports whether a complete object is ignored.
func (d *diff) ignores(k Key) bool { return d.ignored.of(k).matches() }

func (d *diff) change(c Change) { d.plan.Changes = append(d.plan.Changes, c) }

func (d *diff) problem(key Key, position Position, message, hint string) {
	d.plan.Problems = append(d.plan.Problems, Finding{Key: key, Position: position, Message: message, Hint: hint})
}

func (d *diff) createNamespace(want Namespace) {
	key := Key{Namespace: want.Name}
	at := len(d.plan.Changes)
	d.change(Change{Key: key, Action: Create, Position: want.Position})
	for _, c := range want.Configs {
		if d.opts.Selection.Config(want.Name, c.Name) {
			d.createConfig(want.Name, c)
		}
	}
	if !d.part.whole(key) && len(d.plan.Changes) == at+1 {
		d.plan.Changes = d.plan.Changes[:at] // nothing in it is selected
	}
}

func (d *diff) createConfig(namespace string, want Config) {
	c := Change{
		Key: Key{namespace, want.Name}, Action: Create,
		After: want.Value, Position: want.Position, Origins: want.Origins,
	}
	if !d.part.whole(c.Key) {
		if d.part.fields(c.Key) {
			d.problem(c.Key, c.Position, "it does not exist at the target, so it can't be created with only some of its fields",
				"select the configuration: --only "+c.Key.String())
		}
		return
	}
	if d.ignores(c.Key) {
		d.declaresIgnored(c.Key, c.Position)
		return
	}
	d.ignore(&c)
	d.change(c)
}

func (d *diff) declaresIgnored(key Key, position Position) {
	levels := []string{key.Namespace}
	if !key.IsNamespace() {
		levels = append(levels, key.Config)
	}
	d.problem(key, position, "it is declared here, but ignored"+d.ignoredBy(levels), hintIgnored)
}

// hintIgnored is the hint for an object or field that is both declared and ignored.
const hintIgnored = "remove it from the tree, or remove the pattern from ignore in the project file"

// ignoredBy returns the place of the first pattern that ignores a path, in brackets.
func (d *diff) ignoredBy(levels []string) string {
	for _, p := range d.opts.Ignore {
		if place := p.Position.String(); place != "" && p.Match(levels...) {
			return " (ignore in " + place + ")"
		}
	}
	return ""
}

func (d *diff) undeclaredNamespace(have LiveNamespace) {
	key := Key{Namespace: have.Name}
	switch {
	case have.Ephemeral, !d.part.whole(key):
	case d.ignores(key):
		d.countIgnored(have)
	case d.opts.Prune != PruneNamespaces || !d.opts.Selection.Whole(have.Name):
		d.plan.Kept = append(d.plan.Kept, key)
	case have.Children > 0 || have.Data > 0:
		d.problem(key, Position{},
			"it would be deleted, but has content that Confo does not read",
			"delete this content by hand if nobody needs it, or put the namespace back into the tree")
	default:
		d.change(Change{Key: key, Action: Delete, Revision: have.Revision})
		for _, c := range have.Configs {
			d.deleteConfig(have.Name, c)
		}
	}
}

// countIgnored counts the selected configurations of a namespace that is ignored.
func (d *diff) countIgnored(have LiveNamespace) {
	for _, c := range have.Configs {
		if d.opts.Selection.Config(have.Name, c.Name) {
			d.plan.Ignored++
		}
	}
}

func (d *diff) deleteConfig(namespace string, have LiveConfig) {
	key := Key{namespace, have.Name}
	switch {
	case have.Ephemeral:
		d.problem(key, Position{},
			"it is ephemeral: it belongs to a running application and disappears with it",
			"keep its namespace in the tree until then")
	case have.Children > 0:
		d.problem(key, Position{},
			"it would be deleted, but has znodes below it that Confo does not read",
			"delete them by hand if nobody needs them, or put the configuration back into the tree")
	default:
		d.change(Change{Key: key, Action: Delete, Before: have.Value, Revision: have.Revision})
	}
}

func (d *diff) namespace(want Namespace, have LiveNamespace) {
	if have.Ephemeral {
		d.problem(Key{Namespace: want.Name}, want.Position,
			"the live namespace is ephemeral: it belongs to a running application and disappears with it",
			"remove it from the tree")
		return
	}
	w, h := want.Configs, have.Configs
	for len(w) > 0 || len(h) > 0 {
		switch {
		case len(w) > 0 && !d.opts.Selection.Config(want.Name, w[0].Name):
			w = w[1:]
		case len(h) > 0 && !d.opts.Selection.Config(want.Name, h[0].Name):
			h = h[1:]
		case len(h) == 0 || len(w) > 0 && w[0].Name < h[0].Name:
			d.createConfig(want.Name, w[0])
			w = w[1:]
		case len(w) == 0 || w[0].Name > h[0].Name:
			d.undeclaredConfig(want.Name, h[0])
			h = h[1:]
		default:
			d.config(want.Name, w[0], h[0])
			w, h = w[1:], h[1:]
		}
	}
}

func (d *diff) undeclaredConfig(namespace string, have LiveConfig) {
	switch {
	case have.Ephemeral, !d.part.whole(Key{namespace, have.Name}):
	case d.ignores(Key{namespace, have.Name}):
		d.plan.Ignored++
	case d.opts.Prune == PruneNone:
		d.plan.Kept = append(d.plan.Kept, Key{namespace, have.Name})
	default:
		d.deleteConfig(namespace, have)
	}
}

func (d *diff) config(namespace string, want Config, have LiveConfig) {
	key := Key{namespace, want.Name}
	if !d.part.whole(key) {
		if !d.part.fields(key) {
			return
		}
		var err error
		if want, err = d.part.of(key, want, have.Value); err != nil {
			d.problem(key, want.Position, err.Error(), "select the configuration: --only "+key.String())
			return
		}
	}
	switch {
	case have.Ephemeral:
		d.problem(key, want.Position,
			"the live configuration is ephemeral: it belongs to a running application and disappears with it",
			"remove it from the tree")
	case len(d.opts.Ignore) > 0 && d.ignores(key):
		d.declaresIgnored(key, want.Position)
	case d.opts.same(want.Value, have.Value) && len(d.opts.Ignore) == 0:
		d.unchanged(want)
	default:
		c := Change{
			Key: key, Action: Update,
			Before: have.Value, After: want.Value,
			Revision: have.Revision, Position: want.Position, Origins: want.Origins,
		}
		if d.ignore(&c); c.Core == nil && d.opts.same(c.After, c.Before) || c.Core != nil && c.After.Equal(c.Before) {
			d.unchanged(want)
			return
		}
		d.change(c)
	}
}

// unchanged counts a configuration that is as it should be, if it was asked for.
func (d *diff) unchanged(c Config) {
	switch c.Asked {
	case AskedWhole:
		d.plan.Unchanged++
	case AskedFields:
		d.plan.Unchanged++
		d.plan.UnchangedInPart++
	}
}
