package source

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// entry is a key of a mapping and its value.
type entry struct {
	name   string
	key    *yaml.Node
	value  *yaml.Node
	alias  *yaml.Node // by which it was merged in, or nil
	merges bool       // the key is <<
	merged bool       // it was merged in
	hidden bool       // it was merged in from what is marked as sensitive
}

func (c *converter) mapping(n *yaml.Node) {
	entries := c.entries(n)
	c.write("{")
	for i := range entries {
		e := &entries[i]
		if i > 0 {
			c.write(", ")
		}
		c.doc.encoded = plan.AppendString(c.doc.encoded, e.name)
		c.write(": ")
		c.path = append(c.path, plan.Name(e.name))
		c.above += plan.PathCost(e.name)
		if c.reach(e.key) {
			c.doc.note(c.path, nodeAt(e.key), e.value)
			c.valueOf(e)
		}
		c.above -= plan.PathCost(e.name)
		c.path = c.path[:len(c.path)-1]
	}
	c.write("}")
	c.spare = append(c.spare, entries[:0])
}

// room returns room for about n entries, which mapping gives back.
func (c *converter) room(n int) []entry {
	last := len(c.spare) - 1
	if last < 0 {
		return make([]entry, 0, n)
	}
	entries := c.spare[last]
	c.spare = c.spare[:last]
	return entries
}

// valueOf converts an entry's value. What was merged in came by an alias.
func (c *converter) valueOf(e *entry) {
	if e.alias != nil {
		defer c.by(e.alias)()
	}
	if e.hidden {
		c.sensitive = append(c.sensitive, slices.Clone(c.path))
	}
	c.node(e.value)
}

// entries returns the entries of a mapping with each name once, in order; what
// << merges in stands in its place.
func (c *converter) entries(n *yaml.Node) []entry {
	c.collectionTag(n, "!!map")
	entries := c.room(len(n.Content) / 2)
	merges := false
	var seen nameIndex
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry{key: n.Content[i], value: n.Content[i+1]}
		if !c.name(&e) {
			continue
		}
		if first := seen.add(entries, e); first >= 0 {
			hint := "keep one of the two"
			if e.merges {
				hint = "merge several mappings with <<: [*one, *two]"
			}
			c.fail(e.key, fmt.Sprintf("the key %s is duplicated, first at line %d, column %d",
				plan.Quote(e.name), entries[first].key.Line, entries[first].key.Column), hint)
			continue
		}
		merges = merges || e.merges
		entries = append(entries, e)
	}
	if merges {
		return c.merged(entries)
	}
	return entries
}

// name finds out the name that an entry's key stands for: what Python's
// json.dumps makes of it.
func (c *converter) name(e *entry) bool {
	key := e.key
	for key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	if key.Kind != yaml.ScalarNode {
		c.fail(e.key, "a mapping or a sequence can't be a key", "write a plain name, or quote it if it begins with { or [")
		return false
	}
	if key.Tag == "!!merge" {
		e.name, e.merges = "<<", true
		return true
	}
	if isSensitive(key) {
		c.problem(e.key, unknownTag(tagSensitive))
		return false
	}
	if isReference(key) {
		c.problem(e.key, &problem{"a reference can't be a key", "write the name itself"})
		return false
	}
	if tag := layerTag(key); tag != "" {
		c.problem(e.key, &problem{"the tag " + tag + " must be before a value, not before a key", "write NAME: " + tag})
		return false
	}
	v := c.resolve(key)
	if v.problem != nil {
		return false
	}
	e.name = v.text
	v.traps &^= trapBoolean | trapNotFinite
	if v.traps != 0 || v.kind == plan.String && key.Style&quoted == 0 {
		c.lint(key, v)
	}
	if key.Style&quoted != 0 && key.Style&yaml.TaggedStyle == 0 && strings.Trim(e.name, " \t") != e.name {
		c.doc.warn(nodeAt(key), fmt.Sprintf("the key %s begins or ends with a space", plan.Quote(e.name)), "remove the space, or write !!str before the key to keep it")
	}
	return true
}

// merged returns the entries with << replaced by what it merges in: what the
// mapping doesn't say itself, and of several mappings what the first says.
func (c *converter) merged(entries []entry) []entry {
	taken := make(map[string]bool, 2*len(entries))
	for _, e := range entries {
		if !e.merges {
			taken[e.name] = true
		}
	}
	var all []entry
	for _, e := range entries {
		if !e.merges {
			all = append(all, e)
			continue
		}
		all = c.mergeValue(all, taken, e.value)
	}
	return all
}

// mergeValue adds to all what the value of << says: a mapping, or a list of
// them.
func (c *converter) mergeValue(all []entry, taken map[string]bool, value *yaml.Node) []entry {
	list := value
	if value.Kind == yaml.AliasNode {
		list = value.Alias
	}
	if list.Kind != yaml.SequenceNode {
		return c.merge(all, taken, value)
	}
	if list != value {
		defer c.by(value)()
	}
	if c.active[list] {
		c.containsItself(value)
		return all
	}
	defer c.inside(list)()
	c.collectionTag(list, "!!seq")
	from := len(all)
	for _, item := range list.Content {
		all = c.merge(all, taken, item)
	}
	if isSensitive(list) {
		hide(all[from:])
	}
	return all
}

// merge adds to all what a mapping has and taken hasn't.
func (c *converter) merge(all []entry, taken map[string]bool, source *yaml.Node) []entry {
	target := source
	if source.Kind == yaml.AliasNode {
		target = source.Alias
		if c.active[target] {
			c.containsItself(source)
			return all
		}
		defer c.by(source)()
	}
	if target.Kind != yaml.MappingNode {
		c.fail(source, "<< needs a mapping or a list of mappings, and this is neither", `quote "<<" if it is a name`)
		return all
	}
	if c.spent || c.alias != nil && !c.spend(target) {
		return all
	}
	from := len(all)
	for _, e := range c.within(target) {
		if c.alias != nil && !c.spend(e.key) {
			return all
		}
		if !taken[e.name] {
			taken[e.name] = true
			e.alias, e.merged = c.alias, true
			all = append(all, e)
		}
	}
	if isSensitive(target) {
		hide(all[from:])
	}
	return all
}

func hide(entries []entry) {
	for i := range entries {
		entries[i].hidden = true
	}
}

// within is entries of a mapping that is being merged: while it lasts, an alias
// to it from its own merges is one to what it is part of.
func (c *converter) within(n *yaml.Node) []entry {
	if c.depth++; c.depth > plan.MaxDepth {
		c.depth--
		c.fail(n, fmt.Sprintf("merged more than %d levels deep", plan.MaxDepth), "write out the values")
		return nil
	}
	leave := c.inside(n)
	entries := c.entries(n)
	leave()
	c.depth--
	return entries
}

// nameIndex finds the names that a mapping has so far: by looking through a
// few, by a map through many.
type nameIndex struct{ byName map[string]int }

// add takes in e, which is about to follow entries. It returns the index of the
// entry that has the name already, or -1.
func (x *nameIndex) add(entries []entry, e entry) int {
	key := e.name
	if e.merges {
		key = "\xFF" // "<<" may be an ordinary name too
	}
	if x.byName == nil {
		for i := range entries {
			if entries[i].name == e.name && entries[i].merges == e.merges {
				return i
			}
		}
		if len(entries) < 16 {
			return -1
		}
		x.byName = make(map[string]int, 4*len(entries))
		for i := range entries {
			if !entries[i].merges {
				x.byName[entries[i].name] = i
			} else {
				x.byName["\xFF"] = i
			}
		}
	}
	if i, ok := x.byName[key]; ok {
		return i
	}
	x.byName[key] = len(entries)
	return -1
}
