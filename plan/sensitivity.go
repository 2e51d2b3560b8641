package plan

import "github.com/confo-sync/confo-sync/plan/sensitive"

// Sensitivity decides which leaves of a configuration must not be shown:
//
//   - what a tree marks with !sensitive, and what references stand for;
//   - what the project's sensitive patterns name, and what was ever marked;
//   - what package sensitive recognises, by the name of a field or by the form of
//     a text.
//
// Public patterns except fields from the last two. The texts of marked values are
// hidden wherever they stand. Only leaves are hidden, and of a text that holds a
// secret only that: how a configuration is made up stays visible.
//
// The zero value recognises what package sensitive does. A Sensitivity is
// immutable, and may be used concurrently.
type Sensitivity struct {
	// These are functions because fmt would print what is in a map. Each may be nil.
	declared func(k Key) *marked
	texts    func(text string) []Span
	// stored is what was ever marked.
	stored Marks
	// hidden and public are the project's patterns.
	hidden, public patternSet
	unreadable     bool // values that can't be read are shown as texts
}

// Span is a part of a text, in bytes.
type Span = sensitive.Span

// With returns the sensitivity that hides what patterns name, too.
func (s Sensitivity) With(patterns []Pattern) Sensitivity {
	s.hidden = newPatternSet(patterns)
	return s
}

// HasPatterns reports whether there are patterns that hide.
func (s Sensitivity) HasPatterns() bool { return len(s.hidden.at) > 0 }

// Except returns the sensitivity that shows what patterns name, unless it is
// marked in the tree, or holds the text of something that is.
func (s Sensitivity) Except(patterns []Pattern) Sensitivity {
	s.public = newPatternSet(patterns)
	return s
}

// WithTexts returns the sensitivity that shows values that can't be read as texts,
// masked. Otherwise only the reason is shown.
func (s Sensitivity) WithTexts() Sensitivity {
	s.unreadable = true
	return s
}

// Parse parses a configuration's value and marks what in it must not be shown.
func (s Sensitivity) Parse(k Key, v Value) (Node, error) {
	n, err := v.Parse()
	if err == nil {
		s.mark(k, &n, v.sensitive())
	}
	return n, err
}

// mark marks what must not be shown in a configuration's value; more is declared
// besides.
func (s Sensitivity) mark(k Key, n *Node, more []Path) { s.markTelling(k, n, more, nil) }

// markTelling tells found of what is hidden only because of its name or form.
func (s Sensitivity) markTelling(k Key, n *Node, more []Path, found func(*Node, Path)) {
	m := marker{texts: s.texts, found: found}
	if s.declared != nil {
		m.declared = s.declared(k)
	}
	if len(more) > 0 {
		m.declared = m.declared.with(more)
	}
	m.stored = s.stored.in(k)
	m.value(n, place{hidden: s.hidden.of(k), public: s.public.of(k), declared: m.declared, stored: m.stored})
}

// Text returns a text that belongs to no field, with what in it must not be shown
// replaced: a commit's subject, a reason.
func (s Sensitivity) Text(text string) string {
	spans := sensitive.Parts(text)
	if s.texts != nil {
		spans = sensitive.Join(append(spans, s.texts(text)...))
	}
	return replaced(text, spans)
}

// MarkedText returns a text with the texts of marked values replaced, and nothing else.
func (s Sensitivity) MarkedText(text string) string {
	if s.texts == nil {
		return text
	}
	return replaced(text, s.texts(text))
}

func replaced(text string, spans []Span) string {
	shown, from := "", 0
	for _, span := range spans {
		shown += text[from:span.From] + "(sensitive)"
		from = span.To
	}
	return shown + text[from:]
}

// Suspect is a field that is recognised as a secret, and that nobody has said is
// one, or is none.
type Suspect struct {
	Key      Key
	Path     Path
	Position Position
}

// Suspects returns the suspects in a tree, in its order.
func (s Sensitivity) Suspects(t *Tree) []Suspect {
	var all []Suspect
	for _, ns := range t.Namespaces {
		for _, c := range ns.Configs {
			key := Key{ns.Name, c.Name}
			n, err := c.Value.Parse()
			if err != nil {
				continue
			}
			s.markTelling(key, &n, c.Value.sensitive(), func(n *Node, path Path) {
				if n.Text == "" {
					return
				}
				position, ok := c.Origins.Of(path)
				if !ok {
					position = c.Position
				}
				all = append(all, Suspect{key, path, position})
			})
		}
	}
	return all
}

// Count returns how many leaves of a tree must not be shown. Values that are
// not JSON count as one.
func (s Sensitivity) Count(t *Tree) int {
	count := 0
	for _, ns := range t.Namespaces {
		for _, c := range ns.Configs {
			n, err := s.Parse(Key{ns.Name, c.Name}, c.Value)
			if err != nil {
				count++
				continue
			}
			count += n.countSensitive()
		}
	}
	return count
}

// SensitivityOf returns the sensitivity that takes into account what a tree, or
// what it is compared with, marks. What the other side has in a marked place is
// marked as well. Other trees may mark too what is live and has no marks of its
// own. What was ever marked, as each of them has it, stays hidden. live may be nil.
func SensitivityOf(desired *Tree, live *Snapshot, others ...*Tree) Sensitivity {
	return Sensitivity{}.Of(desired, live, others...)
}

// Of returns s with what trees mark, as SensitivityOf has it.
func (s Sensitivity) Of(desired *Tree, live *Snapshot, others ...*Tree) Sensitivity {
	all := []Marks{s.stored, desired.Marks}
	if live != nil {
		all = append(all, live.Marks)
	}
	for _, t := range others {
		all = append(all, t.Marks)
	}
	s.stored = Union(all...)
	declared := map[Key]*marked{}
	each := func(do func(k Key, v Value)) {
		eachValue(desired, live, do)
		for _, t := range others {
			eachValue(t, nil, do)
		}
	}
	each(func(k Key, v Value) {
		if paths := v.sensitive(); paths != nil {
			declared[k] = declared[k].with(paths)
		}
	})
	texts := textSet{}
	addTexts := func(k Key, v Value) {
		now, ever, named := declared[k], s.stored.in(k), s.Named(k)
		if now == nil && ever == nil && !named.MayBeSensitive() {
			return
		}
		if n, err := v.Parse(); err == nil {
			n.textsOf(now, patternSet{}, texts)
			n.textsOf(ever, named.public, texts)
			matching := &marked{}
			n.matching(named.hidden, named.public, nil, matching.add)
			n.textsOf(matching, named.public, texts)
		}
	}
	each(addTexts)
	for _, t := range append(others[:len(others):len(others)], desired) {
		eachValue(&Tree{Namespaces: t.Covered}, nil, func(k Key, v Value) {
			if n, err := v.Parse(); err == nil {
				n.textsOf((*marked)(nil).with(v.sensitive()), patternSet{}, texts)
			}
		})
	}
	s.declared = func(k Key) *marked { return declared[k] }
	s.texts = texts.finder()
	return s
}

func eachValue(desired *Tree, live *Snapshot, do func(k Key, v Value)) {
	for _, ns := range desired.Namespaces {
		for _, c := range ns.Configs {
			do(Key{ns.Name, c.Name}, c.Value)
		}
	}
	if live == nil {
		return
	}
	for _, ns := range live.Namespaces {
		for _, c := range ns.Configs {
			do(Key{ns.Name, c.Name}, c.Value)
		}
	}
}
