package source

import (
	"maps"

	"github.com/confo-sync/confo-sync/plan"
)

// elsewhere are the texts of references and marks of all configurations that a revision
// is about: what one of them holds is not to be written in plain text to another, as
// when somebody copied it at the target.
type elsewhere struct {
	texts map[string]plan.Position
	find  *textFinder[plan.Position] // within longer texts
}

// elsewhere returns the texts that no other configuration may have in plain text, unless
// one has it so already.
func (r *reviser) elsewhere() *elsewhere {
	if r.secrets != nil {
		return r.secrets
	}
	e := &elsewhere{texts: map[string]plan.Position{}}
	r.secrets = e
	r.eachBefore(func(key plan.Key, f *layerFile, d *draft) { e.add(key, f, d) })
	if len(e.texts) == 0 {
		return e
	}
	e.find = newTextFinder(maps.Clone(e.texts)).except(r.plainBefore)
	for text := range r.plainBefore {
		delete(e.texts, text)
	}
	return e
}

// plainBefore yields the texts that stand in plain text in the files, before they are
// changed.
func (r *reviser) plainBefore(yield func(text string) bool) {
	done := false
	r.eachBefore(func(_ plan.Key, _ *layerFile, d *draft) {
		newGuard(nil).walk(d, func(l leafDraft) { done = done || !l.secret && !yield(l.text) })
	})
}

// eachBefore calls do for what each file says of each configuration, before it is
// changed.
func (r *reviser) eachBefore(do func(key plan.Key, f *layerFile, d *draft)) {
	for _, l := range r.layers {
		for namespace, files := range l.files {
			for _, f := range files.all {
				f.each(func(config string, d *draft) { do(plan.Key{Namespace: namespace, Config: config}, f, d) })
			}
		}
	}
}

// each calls do for what a file says of each configuration, before it is changed.
func (f *layerFile) each(do func(config string, d *draft)) {
	switch {
	case f.have == nil:
	case f.unit.config != "":
		do(f.unit.config, f.have)
	default:
		for _, field := range f.have.fields {
			do(field.name, field.value)
		}
	}
}

func (e *elsewhere) add(key plan.Key, f *layerFile, d *draft) {
	if !d.contains(func(d *draft) bool { return d.fixed || d.mark }) {
		return
	}
	value := d.value()
	hidden := secretTexts(key, &value)
	for text, one := range newGuard([]*draft{d}).all {
		if one.strict || hidden[text] {
			at := positionOf(one.draft, []*draft{d}, []*layerFile{f})
			if first, known := e.texts[text]; !known || comparePositions(at, first) < 0 {
				e.texts[text] = at
			}
		}
	}
}

// exposed returns where the reference or mark is whose text would stand in plain text.
func (e *elsewhere) exposed(settled []*draft) (at plan.Position) {
	if len(e.texts) == 0 && e.find == nil {
		return at
	}
	for _, slot := range settled {
		newGuard(nil).walk(slot, func(l leafDraft) {
			if !l.secret && l.draft.node == nil && at.File == "" {
				if at = e.texts[l.text]; at.File == "" {
					at = e.find.in(l.text)
				}
			}
		})
	}
	return at
}
