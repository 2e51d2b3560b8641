package source

import (
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// edit returns a file's content changed where it stands. A configuration that is
// written in a way that confo-sync can't edit stays as it is, and is reported.
func (r *reviser) edit(f *layerFile) []byte {
	if after, err := f.unit.rewrite(f.data, f.want); err == nil {
		return after
	}
	if f.unit.config != "" || f.have.tag != f.want.tag || f.have.Kind != plan.Object {
		r.refuse(f, f.unit.config, f.have, f.want)
		return f.data
	}
	var names []string
	for _, d := range []*draft{f.have, f.want} {
		for _, field := range d.fields {
			have, want := f.have.field(field.name), f.want.field(field.name)
			if !slices.Contains(names, field.name) && (have == nil || want == nil || !have.equal(want)) {
				names = append(names, field.name)
			}
		}
	}
	after, _, refused := f.editConfigs(f.data, f.have, names)
	for _, name := range refused {
		r.refuse(f, name, f.have.field(name), f.want.field(name))
	}
	return after
}

// editConfigs changes these configurations of a namespace file, which says what said
// says. It returns what the file says then, and the configurations that it could not
// change, which it finds by halving.
func (f *layerFile) editConfigs(data []byte, said *draft, names []string) (after []byte, says *draft, refused []string) {
	want := said.shallow()
	for _, name := range names {
		want.set(name, f.want.field(name))
	}
	if after, err := f.unit.rewrite(data, want); err == nil {
		return after, want, nil
	}
	if len(names) < 2 {
		return data, said, names
	}
	middle := len(names) / 2
	data, said, refused = f.editConfigs(data, said, names[:middle])
	data, said, more := f.editConfigs(data, said, names[middle:])
	return data, said, append(refused, more...)
}

// refuse reports a configuration that can't be edited, with the first line that would
// change.
func (r *reviser) refuse(f *layerFile, config string, have, want *draft) {
	left := plan.Finding{
		Key:      plan.Key{Namespace: f.namespace, Config: config},
		Position: plan.Position{File: f.shown, Line: 1, Column: 1},
		Message:  "confo-sync can't change this value without rewriting the file, so the configuration stays as it is",
		Hint:     "edit it by hand, or write it in a simpler way here (without ?, or tags and comments between a name and its value)",
	}
	if have == nil {
		have = f.have // the new configuration would stand in it
	}
	if n := firstDifference(have, want); n != nil {
		left.Position.Line, left.Position.Column = int32(n.Line), int32(n.Column)
	}
	r.left = append(r.left, left)
	r.stays[left.Key] = true
	if config == "" {
		for _, d := range []*draft{f.have, f.want} {
			for _, field := range d.fields {
				r.stays[plan.Key{Namespace: f.namespace, Config: field.name}] = true
			}
		}
	}
}

// firstDifference returns the first node of have that want has otherwise.
func firstDifference(have, want *draft) *yaml.Node {
	if want == nil || have.Kind != want.Kind || have.fixed || want.fixed || have.tag != want.tag {
		return have.node
	}
	for _, f := range have.fields {
		w := want.field(f.name)
		if f.value.node == nil || w == nil || isEmptyScalar(f.value.node) && !f.value.equal(w) {
			return f.key
		}
		if !f.value.equal(w) {
			return firstDifference(f.value, w)
		}
	}
	for i, item := range have.items {
		if i >= len(want.items) {
			return item.node
		}
		if !item.equal(want.items[i]) {
			return firstDifference(item, want.items[i])
		}
	}
	return have.node
}
