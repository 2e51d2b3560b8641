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

func (d *draft) holdsReference() bool {
	return d.contains(func(d *draft) bool { return d.fixed })
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

// guard finds the texts of references and marked values where they would be
// written in plain text. Whatever else a change is, it is not to do that.
type guard struct {
	all   map[string]guarded    // by text, of the configuration
	lists map[string]*listGuard // by the path of the outermost list
}

type guarded struct {
	draft  *draft
	inList bool
}

// listGuard guards the elements of a list more strictly than what is beside it.
type listGuard struct {
	secrets map[plan.Trait]*draft
	plain   []string // texts that stand in it in plain text
	texts   map[string]*draft
	find    func(text string) []plan.Span
}

// minSecret is how long a text has to be that is to stand nowhere else.
const minSecret = 4

// newGuard returns the guard of what the layers say of one configuration.
func newGuard(slots []*draft) *guard {
	g := guard{map[string]guarded{}, map[string]*listGuard{}}
	plain := map[string]bool{}
	for _, slot := range slots {
		g.walk(slot, func(t plan.Trait, text string, in *listGuard, d *draft, secret bool) {
			switch {
			case !secret:
				plain[text] = true
				if in != nil {
					in.plain = append(in.plain, text)
				}
				return
			case in != nil:
				in.secrets[t], in.texts[text] = d, d
			}
			if len(text) >= minSecret {
				g.all[text] = guarded{d, in != nil || g.all[text].inList}
			}
		})
	}
	maps.DeleteFunc(g.all, func(text string, _ guarded) bool { return plain[text] })
	for _, l := range g.lists {
		l.prepare()
	}
	return &g
}

// prepare finds out what is looked for: not what stands in the list in plain text
// already.
func (l *listGuard) prepare() {
	find := plan.FindTexts(slices.Collect(maps.Keys(l.texts)))
	if find == nil {
		return
	}
	for _, text := range l.plain {
		for _, span := range find(text) {
			delete(l.texts, text[span.From:span.To])
		}
	}
	l.find = plan.FindTexts(slices.Collect(maps.Keys(l.texts)))
}

// walk calls do for each string and number of a draft, with the list it is in, and
// whether it is a secret.
func (g *guard) walk(d *draft, do func(t plan.Trait, text string, in *listGuard, d *draft, secret bool)) {
	var below func(d *draft, path string, at plan.Place, in *listGuard, marked bool)
	below = func(d *draft, path string, at plan.Place, in *listGuard, marked bool) {
		marked = marked || d.mark
		if d.fixed || d.Kind != plan.Object && d.Kind != plan.List {
			if d.tag == tagDelete {
				return
			}
			d.value().EachTrait(at, func(t plan.Trait, leaf plan.Node) {
				if leaf.Text != "" && leaf.Kind != plan.Bool && leaf.Kind != plan.Null && !isUnknown(leaf) {
					do(t, leaf.Text, in, d, d.fixed || marked)
				}
			})
			return
		}
		if d.Kind == plan.List && in == nil {
			if in = g.lists[path]; in == nil {
				in = &listGuard{secrets: map[plan.Trait]*draft{}, texts: map[string]*draft{}}
				g.lists[path] = in
			}
			at = 0
		}
		for _, f := range d.fields {
			next := path
			if in == nil {
				next += "/" + plan.Path{plan.Name(f.name)}.String()
			}
			below(f.value, next, at.Field(f.name), in, marked)
		}
		for _, item := range d.items {
			below(item, path, at.Item(), in, marked)
		}
	}
	if d != nil {
		below(d, "", 0, nil, false)
	}
}

// exposed returns the reference or marked value whose text would stand in plain
// text, or nil. hidden are the texts of the configuration that its name or form
// says are secret.
func (g *guard) exposed(settled []*draft, hidden map[string]bool) *draft {
	var found *draft
	for _, slot := range settled {
		g.walk(slot, func(t plan.Trait, text string, in *listGuard, d *draft, secret bool) {
			switch {
			case found != nil || secret || d.node != nil:
				return
			case g.all[text].inList || g.all[text].draft != nil && hidden[text]:
				found = g.all[text].draft
			case in != nil && in.secrets[t] != nil:
				found = in.secrets[t]
			case in != nil && in.find != nil && len(in.find(text)) > 0:
				found = in.of(text)
			}
		})
	}
	return found
}

// of returns the secret that a text contains.
func (l *listGuard) of(text string) *draft {
	var any *draft
	for form, d := range l.texts {
		if one := plan.FindTexts([]string{form}); one != nil && len(one(text)) > 0 && (any == nil || d.at().Line < any.at().Line) {
			any = d
		}
	}
	return any
}
