package source

import (
	"errors"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// edit returns a file's content changed where it stands. A configuration that is
// written in a way that confo-sync can't edit stays as it is, and is reported.
func (r *reviser) edit(f *layerFile) []byte {
	if !f.notYAML {
		if after, err := f.unit.rewrite(f.content(), f.want); err == nil {
			return after.data
		}
	}
	if f.unit.config != "" || f.have.tag != f.want.tag || f.have.Kind != plan.Object {
		r.refuse(f, f.unit.config, f.have, f.want)
		return f.data
	}
	var names []string
	for _, field := range f.have.fields {
		if want := f.want.field(field.name); want == nil || !field.value.equal(want) {
			names = append(names, field.name)
		}
	}
	for _, field := range f.want.fields {
		if f.have.field(field.name) == nil {
			names = append(names, field.name)
		}
	}
	c := configEdits{layerFile: f, now: f.content()}
	if f.notYAML {
		c.refused = names
	} else {
		c.edit(names)
	}
	for _, name := range c.refused {
		r.refuse(f, name, f.have.field(name), f.want.field(name))
	}
	return c.now.data
}

// configEdits changes the configurations of a namespace file one after the other,
// as far as it can.
type configEdits struct {
	*layerFile
	now     content
	refused []string
	tries   int
}

// mostTries is how often a file is edited to find the configurations that can't be.
const mostTries = 16

// edit changes these configurations together. If that can't be done, it leaves out
// those that can't be followed, or else finds what to leave out by halving; after
// mostTries it leaves out all.
func (c *configEdits) edit(names []string) {
	if c.tries++; c.tries > mostTries || len(names) == 0 {
		c.refused = append(c.refused, names...)
		return
	}
	values := make(map[string]*draft, len(names))
	for _, name := range names {
		values[name] = c.want.field(name)
	}
	after, err := c.rewrite(c.now, c.now.have.withLast(values, names))
	var unfollowed unfollowedError
	switch {
	case err == nil:
		c.now = after
	case errors.As(err, &unfollowed):
		rest := make([]string, 0, len(names))
		for _, name := range names {
			if unfollowed[name] {
				c.refused = append(c.refused, name)
			} else {
				rest = append(rest, name)
			}
		}
		c.edit(rest)
	case len(names) == 1:
		c.refused = append(c.refused, names...)
	default:
		c.edit(names[:len(names)/2])
		c.edit(names[len(names)/2:])
	}
}

// unfollowedError says which configurations of a namespace's file are written in a
// way that is not followed.
type unfollowedError map[string]bool

func (e unfollowedError) Error() string { return errLayout.Error() }

// refuse reports a configuration that can't be edited, with the first line that would
// change.
func (r *reviser) refuse(f *layerFile, config string, have, want *draft) {
	left := plan.Finding{
		Key:      plan.Key{Namespace: f.namespace, Config: config},
		Position: plan.Position{File: f.shown, Line: 1, Column: 1},
		Message:  "the configuration was not changed: confo-sync can't change this value without rewriting the file",
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
	delete(r.changed, left.Key)
	if config == "" {
		for _, d := range []*draft{f.have, f.want} {
			for _, field := range d.fields {
				key := plan.Key{Namespace: f.namespace, Config: field.name}
				r.stays[key] = true
				delete(r.changed, key)
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
