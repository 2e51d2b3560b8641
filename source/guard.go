package source

import (
	"maps"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// everywhere calls do for a draft and all that is in it, with their places.
func (d *draft) everywhere(at plan.Place, do func(at plan.Place, d *draft)) {
	do(at, d)
	if d.fixed {
		return
	}
	for _, f := range d.fields {
		f.value.everywhere(at.Field(f.name), do)
	}
	for _, item := range d.items {
		item.everywhere(at.Item(), do)
	}
}

// contains reports whether it is so for a draft or for any that is in it.
func (d *draft) contains(is func(*draft) bool) bool {
	found := false
	d.everywhere(0, func(_ plan.Place, d *draft) { found = found || is(d) })
	return found
}

func (d *draft) holdsUnknown() bool {
	return d.contains(func(d *draft) bool { return d.fixed && isUnknown(d.value()) })
}

// markedPlaces returns where in a new element a mark is due: where elements that
// have no partner are marked, or all that have a value there.
func markedPlaces(items []*draft, taken []bool) map[plan.Place]bool {
	due, marks, open := map[plan.Place]bool{}, map[plan.Place]bool{}, map[plan.Place]bool{}
	for i, item := range items {
		item.everywhere(0, func(at plan.Place, d *draft) {
			switch {
			case d.mark && !taken[i]:
				due[at] = true
			case d.mark:
				marks[at] = true
			default:
				open[at] = true
			}
		})
	}
	for at := range marks {
		if !open[at] {
			due[at] = true
		}
	}
	return due
}

// markedAt returns a new draft with what is at places marked.
func (d *draft) markedAt(at plan.Place, marks map[plan.Place]bool) *draft {
	if len(marks) > 0 {
		d.everywhere(at, func(at plan.Place, d *draft) { d.mark = d.mark || marks[at] })
	}
	return d
}

// guard finds the texts of references and of marked values where they would be
// written in plain text. Whatever else a change is, it is not to do that.
type guard struct {
	all   map[string]guarded        // by text, of the configuration
	lists map[plan.Place]*listGuard // by the place of the outermost list
	plain func(yield func(string) bool)
}

type guarded struct {
	draft *draft
	// strict says that the text is to stand nowhere else. The number of a reference that
	// is not in a list may be that of a plain field.
	strict bool
}

// listGuard guards the elements of a list more strictly than what is beside it.
type listGuard struct {
	secrets    map[plan.Trait]*draft
	texts      map[string]*draft
	plain      []string // texts that stand in it in plain text
	find       func(text string) []plan.Span
	references func(text string) []plan.Span // finds those of references alone
}

// minSecret is how long a text has to be that is to stand nowhere else.
const minSecret = 4

// newGuard returns the guard of what the layers say of one configuration. What they
// say in plain text, too, is not guarded.
func newGuard(slots []*draft) *guard {
	plain := map[string]bool{}
	g := guard{map[string]guarded{}, map[plan.Place]*listGuard{}, maps.Keys(plain)}
	for _, slot := range slots {
		g.walk(slot, func(l leafDraft) {
			switch {
			case !l.secret:
				plain[l.text] = true
				if l.in != nil {
					l.in.plain = append(l.in.plain, l.text)
				}
				return
			case l.in != nil:
				if old := l.in.texts[l.text]; old == nil || !old.fixed {
					l.in.secrets[l.trait], l.in.texts[l.text] = l.draft, l.draft
				}
			}
			if len(l.text) >= minSecret {
				old := g.all[l.text]
				if old.draft == nil || !old.draft.fixed {
					old.draft = l.draft
				}
				g.all[l.text] = guarded{old.draft, old.strict || l.in != nil || l.marked || l.isString}
			}
		})
	}
	maps.DeleteFunc(g.all, func(text string, _ guarded) bool { return plain[text] })
	for _, l := range g.lists {
		l.prepare()
	}
	return &g
}

// prepare finds out what is looked for.
func (l *listGuard) prepare() {
	if find := plan.FindTexts(slices.Collect(maps.Keys(l.texts))); find != nil {
		for _, text := range l.plain {
			for _, span := range find(text) {
				delete(l.texts, text[span.From:span.To])
			}
		}
	}
	var all, references []string
	for text, d := range l.texts {
		if all = append(all, text); d.fixed {
			references = append(references, text)
		}
	}
	l.find, l.references = plan.FindTexts(all), plan.FindTexts(references)
}

// leafDraft is a string or number of a draft, or of what a reference stands for.
type leafDraft struct {
	draft  *draft
	text   string
	trait  plan.Trait // its place counts from the outermost list
	in     *listGuard // of that list; nil outside of lists
	secret bool       // it is of a reference, or marked
	marked bool

	isString bool
}

// walk calls do for each string and number of a draft.
func (g *guard) walk(d *draft, do func(leafDraft)) {
	if d != nil {
		g.below(d, 0, nil, false, do)
	}
}

func (g *guard) below(d *draft, at plan.Place, in *listGuard, marked bool, do func(leafDraft)) {
	marked = marked || d.mark
	switch {
	case d.tag == tagDelete:
	case d.fixed || d.Kind != plan.Object && d.Kind != plan.List:
		d.value().EachTrait(at, func(t plan.Trait, leaf plan.Node) {
			if leaf.Text != "" && leaf.Kind != plan.Bool && leaf.Kind != plan.Null && !isUnknown(leaf) {
				do(leafDraft{draft: d, text: leaf.Text, trait: t, in: in, secret: d.fixed || marked, marked: marked, isString: leaf.Kind == plan.String})
			}
		})
		return
	case d.Kind == plan.List && in == nil:
		if in = g.lists[at]; in == nil {
			in = &listGuard{secrets: map[plan.Trait]*draft{}, texts: map[string]*draft{}}
			g.lists[at] = in
		}
		at = 0
	}
	for _, f := range d.fields {
		g.below(f.value, at.Field(f.name), in, marked, do)
	}
	for _, item := range d.items {
		g.below(item, at.Item(), in, marked, do)
	}
}

// exposed returns the reference or marked value whose text would stand in plain
// text, or nil. hidden are the texts of the configuration, as it was and as it is wanted,
// that its names and forms say are secret; moved reports whether a text stands elsewhere
// now, and is not just there once more.
func (g *guard) exposed(settled []*draft, hidden map[string]bool, moved func(text string) bool) *draft {
	var found *draft
	within := g.within(hidden)
	for _, slot := range settled {
		g.walk(slot, func(l leafDraft) {
			if found == nil && !l.draft.fixed && l.draft.node == nil {
				if found = g.in(l, hidden[l.text] || moved(l.text)); found == nil && l.in == nil {
					found = within(l)
				}
			}
		})
	}
	return found
}

// within returns what finds a reference or mark whose text would stand within a longer
// one outside of lists. What stood so before may stay.
func (g *guard) within(hidden map[string]bool) func(leafDraft) *draft {
	secrets := map[string]*draft{}
	for text, one := range g.all {
		if hidden[text] || one.strict {
			secrets[text] = one.draft
		}
	}
	find := newTextFinder(secrets).except(g.plain)
	return func(l leafDraft) *draft {
		if l.secret {
			return nil
		}
		return find.in(l.text)
	}
}

// in returns what a new leaf would expose. A marked one may have the texts of others
// that are marked.
func (g *guard) in(l leafDraft, secret bool) *draft {
	matters := func(d *draft) bool { return d != nil && (d.fixed || !l.secret) }
	one := g.all[l.text]
	if matters(one.draft) && (one.strict || secret) {
		return one.draft
	}
	if l.in == nil {
		return nil
	}
	if d := l.in.secrets[l.trait]; matters(d) {
		return d
	}
	find := l.in.find
	if l.secret {
		find = l.in.references
	}
	if find == nil || len(find(l.text)) == 0 {
		return nil
	}
	var first *draft
	for text, d := range l.in.texts {
		if f := plan.FindTexts([]string{text}); matters(d) && f != nil && len(f(l.text)) > 0 && (first == nil || d.at().Line < first.at().Line) {
			first = d
		}
	}
	return first
}
