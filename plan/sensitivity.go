package plan

import "github.com/confo-sync/confo-sync/plan/sensitive"

// Sensitivity decides which leaves of a configuration are masked:
//
//   - values that the tree marks with !sensitive, and values of references;
//   - fields that the project's sensitive patterns match, and stored marks;
//   - values that package sensitive recognizes by the field's name or the text's form.
//
// Public patterns exempt fields from the last two rules. The texts of marked values are
// masked everywhere. Only leaves are masked, and if only a part of a text is secret,
// only that part. So the structure of a configuration stays visible.
//
// The zero value uses only package sensitive. A Sensitivity is immutable and safe for
// concurrent use.
type Sensitivity struct {
	// These are functions because fmt would print the content of a map. Each may be
	// nil.
	declared func(k Key) *marked
	texts    func(text string) []Span
	// stored are the stored marks.
	stored Marks
	// hidden and public are the patterns of the project.
	hidden, public patternSet
	unreadable     bool // show unreadable values as text
}

// Span is a part of a text, in bytes.
type Span = sensitive.Span

// With returns a copy of s that also masks the fields that patterns match.
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

// WithTexts returns a copy of s that shows unreadable values as masked text. Otherwise
// only the reason is shown.
func (s Sensitivity) WithTexts() Sensitivity {
	s.unreadable = true
	return s
}

// Parse parses a configuration's value and marks its sensitive leaves.
func (s Sensitivity) Parse(k Key, v Value) (Node, error) {
	n, err := v.Parse()
	if err == nil {
		s.mark(k, &n, v.sensitive())
	}
	return n, err
}

// mark marks the sensitive leaves of a value. more are additional declared paths.
func (s Sensitivity) mark(k Key, n *Node, more []Path) { s.markTelling(k, n, more, nil) }

// markTelling is mark that calls found for each leaf that is masked only because of its
// name or form.
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

// Text masks the secrets in a text outside a configuration, such as a commit's subject
// or a reason.
func (s Sensitivity) Text(text string) string {
	spans := sensitive.Parts(text)
	if s.texts != nil {
		spans = sensitive.Join(append(spans, s.texts(text)...))
	}
	return replaced(text, spans)
}

// MarkedText masks only the texts of marked values in text.
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

// SensitivityOf returns a sensitivity with the marks of a tree and of the snapshot that
// it is compared with. A place that one side marks is masked on both. The marks of
// other trees apply to live values, too. Stored marks of all of them are included. live
// may be nil.
func SensitivityOf(desired *Tree, live *Snapshot, others ...*Tree) Sensitivity {
	return Sensitivity{}.Of(desired, live, others...)
}

// Of returns a copy of s with the marks that SensitivityOf collects.
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
