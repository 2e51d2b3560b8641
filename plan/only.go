package plan

import (
	"fmt"
	"slices"
)

// part is the selection of Options.Only: complete objects and single fields of
// configurations.
type part struct {
	all   bool // there are no patterns, so everything is selected
	set   patternSet
	rules rules
}

func newPart(opts Options) part {
	return part{
		all: len(opts.Only) == 0, set: newPatternSet(opts.Only),
		rules: Promotion{Paths: opts.Only, WithSecrets: true, Ignore: opts.Ignore}.rules(),
	}
}

// Selected returns those of some objects of which something is selected.
func (o Options) Selected(keys []Key) []Key {
	p := newPart(o)
	return slices.DeleteFunc(keys, func(k Key) bool {
		return !o.Selection.Namespace(k.Namespace) || !k.IsNamespace() && !o.Selection.Config(k.Namespace, k.Config) ||
			!p.whole(k) && !p.fields(k)
	})
}

// MayChange returns a function that reports whether Only allows changes to an object: of a
// namespace only if all of it is selected, of a configuration also if some of its fields are.
func (o Options) MayChange() func(k Key) bool {
	p := newPart(o)
	return func(k Key) bool { return p.whole(k) || !k.IsNamespace() && p.fields(k) }
}

// whole reports whether an object is selected with all that is in it.
func (p part) whole(k Key) bool {
	if p.all {
		return true
	}
	namespace := p.set.below(k.Namespace)
	return namespace.matches() || !k.IsNamespace() && namespace.below(k.Config).matches()
}

// fields reports whether some fields of a configuration are selected, but not all of
// it.
func (p part) fields(k Key) bool {
	return !p.whole(k) && p.set.of(k).mayMatchBelow()
}

// any reports whether anything in a namespace may be selected.
func (p part) any(namespace string) bool {
	below := p.set.below(namespace)
	return p.all || below.matches() || below.mayMatchBelow()
}

// of returns a configuration as it is to be if only the selected fields of want are
// written, and the others stay as they are there. It returns an error if there is no such
// value.
func (p part) of(k Key, want Config, there Value) (Config, error) {
	n, err := there.Parse()
	if err != nil {
		return want, fmt.Errorf("it has no fields at the target: %w", err)
	}
	if n.Kind != Object {
		return want, fmt.Errorf("it is a %s at the target, and has no fields", n.Kind)
	}
	wanted, err := want.Value.Parse()
	if err != nil {
		return want, err
	}
	if err := partly(nil, ignoring{p.set.of(k)}, &wanted, &n); err != nil {
		return want, err
	}
	config, _ := p.rules.config(k, want, there, true)
	return config, nil
}

// asked returns how much of a configuration the patterns name that select fields of it.
// Either of its two values may be nil.
func (s patternSet) asked(a, b *Node) Extent {
	for _, n := range []*Node{a, b} {
		if n == nil {
			continue
		}
		if _, found := (ignoring{s}).declared(*n); found {
			return AskedFields
		}
	}
	return AskedNothing
}

// partly returns an error if a pattern matches a part of something that can only change
// as one: of a list, or of a value that is an object on one side only.
func partly(path Path, at ignoring, want, there *Node) error {
	if at.matches() || !at.within() {
		return nil
	}
	for _, n := range []*Node{want, there} {
		if n.Kind != List {
			continue
		}
		if _, found := at.declared(*n); found {
			return fmt.Errorf("only the complete list %s can be changed", Printable(path.String()))
		}
	}
	if want.Kind != there.Kind && (want.Kind == Object || there.Kind == Object) {
		for _, n := range []*Node{want, there} {
			if _, found := at.declared(*n); found {
				return fmt.Errorf("only the complete object %s can be changed, because it is not an object on the other side", Printable(path.String()))
			}
		}
		return nil
	}
	present := there.Index()
	for i := range want.Fields {
		f := &want.Fields[i]
		if was := present.Find(f.Name); was != nil {
			if err := partly(path.With(Name(f.Name)), at.field(f.Name), &f.Value, was); err != nil {
				return err
			}
		}
	}
	return nil
}
