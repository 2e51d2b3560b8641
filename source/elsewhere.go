package source

import (
	"maps"

	"github.com/confo-sync/confo-sync/plan"
)

// elsewhere are the texts of references and marks of all configurations that a revision
// is about: what one of them holds is not to be written in plain text to another, as
// when somebody copied it at the target.
type elsewhere map[string]plan.Position

// elsewhere returns the texts that no other configuration may have in plain text, unless
// one has it so already.
func (r *reviser) elsewhere() elsewhere {
	if r.secrets != nil {
		return r.secrets
	}
	r.secrets = elsewhere{}
	plain := map[string]bool{}
	for _, l := range r.layers {
		for namespace, files := range l.files {
			for _, f := range files.all {
				f.each(func(config string, d *draft) {
					r.secrets.add(plan.Key{Namespace: namespace, Config: config}, f, d, plain)
				})
			}
		}
	}
	maps.DeleteFunc(r.secrets, func(text string, _ plan.Position) bool { return plain[text] })
	return r.secrets
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

func (e elsewhere) add(key plan.Key, f *layerFile, d *draft, plain map[string]bool) {
	g := newGuard(nil)
	g.walk(d, func(l leafDraft) {
		if !l.secret {
			plain[l.text] = true
		}
	})
	if !d.contains(func(d *draft) bool { return d.fixed || d.mark }) {
		return
	}
	value := d.value()
	hidden := secretTexts(key, &value)
	for text, one := range newGuard([]*draft{d}).all {
		if one.strict || hidden[text] {
			at := positionOf(one.draft, []*draft{d}, []*layerFile{f})
			if first, known := e[text]; !known || comparePositions(at, first) < 0 {
				e[text] = at
			}
		}
	}
}

// exposed returns where the reference or mark is whose text would stand in plain text.
func (e elsewhere) exposed(settled []*draft) (at plan.Position) {
	if len(e) == 0 {
		return at
	}
	for _, slot := range settled {
		newGuard(nil).walk(slot, func(l leafDraft) {
			if !l.secret && l.draft.node == nil && at.File == "" {
				at = e[l.text]
			}
		})
	}
	return at
}
