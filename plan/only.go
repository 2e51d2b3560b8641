package plan

import "fmt"

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

// whole reports whether an object and everything in it is selected.
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

// of returns the value of a configuration if only the selected fields of want are
// written, and the other fields stay as in there. It returns an error if this is
// impossible.
func (p part) of(k Key, want Config, there Value) (Value, error) {
	n, err := there.Parse()
	if err != nil {
		return Value{}, fmt.Errorf("it has no fields at the target: %w", err)
	}
	if n.Kind != Object {
		return Value{}, fmt.Errorf("it is a %s at the target, and has no fields", n.Kind)
	}
	wanted, err := want.Value.Parse()
	if err != nil {
		return Value{}, err
	}
	if err := partly(nil, ignoring{p.set.of(k)}, &wanted, &n); err != nil {
		return Value{}, err
	}
	config, _ := p.rules.config(k, want, there, true)
	return config.Value, nil
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
