package plan

// Named is a place in a configuration as the project's sensitive and public patterns see
// it. It tells whether they name it, without the values.
type Named struct{ hidden, public patternSet }

// Named returns the place of a configuration's value.
func (s Sensitivity) Named(k Key) Named { return Named{s.hidden.of(k), s.public.of(k)} }

// Field returns the place of a field.
func (n Named) Field(name string) Named { return Named{n.hidden.below(name), n.public.below(name)} }

// Item returns the place of an element.
func (n Named) Item(i int) Named { return Named{n.hidden.item(i), n.public.item(i)} }

// IsSensitive reports whether a sensitive pattern names the place.
func (n Named) IsSensitive() bool { return n.hidden.matches() }

// IsPublic reports whether a public pattern names the place.
func (n Named) IsPublic() bool { return n.public.matches() }

// MayBeSensitive reports whether a sensitive pattern names the place, or may name one in it.
func (n Named) MayBeSensitive() bool { return n.IsSensitive() || n.hidden.mayMatchBelow() }
