package source

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// mostPasses is how often a file is gone through until it says what it should:
// what is behind an alias or merged in is only known when what it stands for has
// been changed.
const mostPasses = 12

// content is the text of a file, and what it says.
type content struct {
	data []byte
	have *draft
	root *yaml.Node // nil for an empty file
}

// contentOf parses a file. It is not ok when the file is in error.
func (u unit) contentOf(data []byte) (c content, ok bool) {
	have, root, ok := u.drafts(data)
	return content{data, have, root}, ok
}

// rewrite returns the file's content changed to say what want says, in as few
// lines as possible. Each text is parsed once: what is returned was parsed after the
// last edit, and equals want.
func (u unit) rewrite(c content, want *draft) (content, error) {
	for range mostPasses {
		if c.have.equal(want) {
			return c, nil
		}
		e := newEditing(u, c.data)
		if err := e.file(c.root, c.have, want); err != nil {
			return content{}, err
		}
		edits := e.direct
		if len(edits) == 0 {
			edits = e.indirect
		}
		if len(edits) == 0 {
			edits = e.merged
		}
		if c.have.refersTo(e.lost) {
			var ok bool
			if edits, ok = writeOut(u, c, e.lost); !ok {
				return content{}, errLayout
			}
		}
		if len(edits) == 0 {
			return content{}, errLayout
		}
		next, err := e.apply(edits)
		if err != nil {
			return content{}, err
		}
		var ok bool
		if c, ok = u.contentOf(next); !ok {
			return content{}, errLayout
		}
	}
	return content{}, errLayout
}

// says checks that a file that was written reads as what it should say.
func (u unit) says(data []byte, want *draft) error {
	have, _, ok := u.drafts(data)
	if ok && have.equal(want) {
		return nil
	}
	return fmt.Errorf("%s was not changed: it would not have the expected values (please report this)", plan.Printable(u.shown))
}

// drafts reads what a file says. It is not ok when the file is in error.
func (u unit) drafts(data []byte) (have *draft, root *yaml.Node, ok bool) {
	d := u.document(data)
	d.layered = &layered{overlay: true, configs: map[string]layerMarks{}}
	if mayBeSealed(data) {
		d.unseal(context.Background())
	}
	root, ok = d.yamlRoot()
	if !ok {
		return nil, nil, false
	}
	if d.seal != nil && root != nil {
		root = d.open(root)
	}
	c := d.converter(root)
	switch {
	case root == nil:
		have = &draft{}
	default:
		have = c.drafted(root)
	}
	if u.config == "" && have.Kind == plan.Null && have.tag == "" {
		have.Node = plan.Node{Kind: plan.Object}
	}
	return have, root, !slices.ContainsFunc(d.notes, func(n note) bool { return !n.warning })
}

// written returns a file that says what want says, in the one layout.
func (u unit) written(want *draft) []byte {
	if u.json {
		return indentJSON(plan.AppendJSON(nil, want.value()))
	}
	e := emitter{tags: map[string]string{}}
	n := want.emitted(nil, e.tags)
	switch {
	case want.tag == tagDelete:
		return []byte(tagDelete + "\n")
	case want.tagged() != "":
		e.out = append(e.out, want.tagged()+"\n"...)
		delete(e.tags, "")
	}
	if u.config == "" {
		e.namespace(n.Fields)
	} else {
		e.value(n, 0)
	}
	return e.out
}

// emitted returns what an emitter writes for a draft, and adds the tags that it
// writes.
func (d *draft) emitted(path plan.Path, tags map[string]string) plan.Node {
	if d.fixed {
		tags[path.String()] = d.at().Tag
		return plan.Node{Kind: plan.String, Text: d.at().Value}
	}
	if tag := d.tagged(); tag != "" {
		tags[path.String()] = tag
	}
	n := plan.Node{Kind: d.Kind, Text: d.Text}
	for _, f := range d.fields {
		n.Fields = append(n.Fields, plan.Field{Name: f.name, Value: f.value.emitted(append(path, plan.Name(f.name)), tags)})
	}
	for i, item := range d.items {
		n.Items = append(n.Items, item.emitted(append(path, plan.Item(i)), tags))
	}
	return n
}

// splice puts a text in the place of another.
type splice struct {
	from, to int
	text     string
	lines    bool // the text is of whole lines
	exact    bool // its line breaks stay as they are
}

// editing finds what to change in the text of one file.
type editing struct {
	spans
	unit
	prefix   []byte // a byte order mark
	breaks   string // how lines end
	keeps    bool   // there are blocks of which the empty lines after them are part: after |+ or >+
	airy     bool   // there are empty lines between the configurations of the file
	step     int    // by which blocks are indented
	direct   []splice
	indirect []splice // for what an alias stands for, once that is what it is to be
	merged   []splice // for what is merged in, once the aliases are

	meanings   meanings
	unfollowed unfollowedError
	lost       map[*yaml.Node]bool // anchored nodes that go
	writeOut   map[*yaml.Node]bool // anchored nodes whose aliases are replaced by what they stand for
}

func newEditing(u unit, data []byte) *editing {
	e := &editing{unit: u, spans: spans{text: newText(withoutBOM(data))}, breaks: "\n"}
	e.prefix = data[:len(data)-len(e.data)]
	e.keeps = bytes.Contains(e.data, []byte("|+")) || bytes.Contains(e.data, []byte(">+"))
	if i := bytes.IndexByte(e.data, '\n'); i > 0 && e.data[i-1] == '\r' {
		e.breaks = "\r\n"
	}
	return e
}

// apply returns the text with all edits made.
func (e *editing) apply(edits []splice) ([]byte, error) {
	slices.SortStableFunc(edits, func(a, b splice) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	out := slices.Clone(e.prefix)
	at := 0
	for _, s := range edits {
		if s.from < at { // within what was taken away
			if s.text != "" && s.to > s.from {
				return nil, errLayout
			}
			s.from, s.to = at, max(s.to, at)
		}
		out = append(out, e.data[at:s.from]...)
		if s.lines && s.text != "" && len(out) > len(e.prefix) && out[len(out)-1] != '\n' {
			out = append(out, e.breaks...)
		}
		text := []byte(s.text)
		if e.breaks != "\n" && !s.exact {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte(e.breaks))
		}
		out = append(out, text...)
		at = s.to
	}
	return append(out, e.data[at:]...), nil
}

func (e *editing) edit(s splice) { e.direct = append(e.direct, s) }

// file edits the file's value.
func (e *editing) file(root *yaml.Node, have, want *draft) error {
	e.step = e.indentation(root)
	if root == nil {
		e.edit(splice{from: len(e.data), to: len(e.data), text: string(e.written(want)), lines: true})
		return nil
	}
	return e.value(slot{after: -1, indent: -1, flow: e.json}, have, want)
}

// indentation returns by how much the file indents its blocks.
func (e *editing) indentation(n *yaml.Node) int {
	if n == nil || n.Kind != yaml.MappingNode || n.Style&yaml.FlowStyle != 0 {
		return 2
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind != yaml.MappingNode || value.Style&yaml.FlowStyle != 0 || len(value.Content) == 0 {
			continue
		}
		if step := value.Content[0].Column - key.Column; step > 0 && value.Content[0].Line > key.Line {
			return step
		}
	}
	return 2
}

// slot is where a value stands.
type slot struct {
	after  int  // where what is before it ends, a colon or a dash; -1: nothing is
	indent int  // of the collection that it is in; -1 for the file's value
	flow   bool // within brackets
	item   bool // of a list
}

// value edits one value.
func (e *editing) value(s slot, have, want *draft) error {
	same := have.tag == want.tag && have.mark == want.mark && have.Kind == want.Kind
	switch {
	case have.refersTo(e.writeOut):
		if have.alias {
			return e.replace(s, have, want)
		}
	case e.meanings.same(have, want):
		return nil
	}
	switch {
	case have.alias:
		direct := e.direct
		err := e.replace(s, have, want)
		e.indirect = append(e.indirect, e.direct[len(direct):]...)
		e.direct = direct
		return err
	case have.fixed || want.fixed || !same:
		return e.replace(s, have, want)
	case have.Kind == plan.Object && len(have.node.Content) > 0 && (len(want.fields) > 0 || e.isNamespace(s)):
		return e.mapping(s, have, want)
	case have.Kind == plan.List && len(have.items) > 0 && len(want.items) > 0:
		return e.sequence(s, have, want)
	}
	return e.replace(s, have, want)
}

// isNamespace reports whether a slot holds the configurations of a namespace,
// which may be none.
func (e *editing) isNamespace(s slot) bool { return s.after < 0 && e.config == "" && !e.json }

// entryAt is where an entry of a mapping or list is: from its key or dash, to the
// end of its value.
type entryAt struct {
	begin, after, end int
	value             *draft
	onlyKey           bool // it is a ? and a key, without a colon
}

// place returns where a field is.
func (e *editing) place(f draftField) (entryAt, error) {
	p := entryAt{begin: e.keyBegin(f.key), value: f.value}
	var err error
	if p.after, err = e.colon(f.key); err != nil {
		if p.onlyKey = e.isOnlyKey(f.key, f.value.node); p.onlyKey {
			p.after, err = e.end(f.key, -1)
		}
		p.end = p.after
		return p, err
	}
	p.end = p.after
	if !isEmptyScalar(f.value.node) || e.content(f.value.node) > p.after {
		p.end, err = e.end(f.value.node, e.column(p.begin))
	}
	return p, err
}

func (e *editing) isFlow(n *yaml.Node) bool {
	return n.Style&yaml.FlowStyle != 0
}

// isUnfollowed notes that a configuration that changes can't be edited. It reports
// false for another field.
func (e *editing) isUnfollowed(s slot, f draftField, want *draft) bool {
	if w := want.field(f.name); !e.isNamespace(s) || w != nil && e.meanings.same(f.value, w) {
		return false
	}
	if e.unfollowed == nil {
		e.unfollowed = unfollowedError{}
	}
	e.unfollowed[f.name] = true
	return true
}

func (e *editing) mapping(s slot, have, want *draft) error {
	n := have.node
	flow := s.flow || e.isFlow(n)
	var own []draftField
	var places []entryAt
	for _, f := range have.fields {
		if f.merged {
			continue
		}
		place, err := e.place(f)
		if w := want.field(f.name); err == nil && place.onlyKey && w != nil && !e.meanings.same(f.value, w) {
			err = errLayout // nothing can be written after the key
		}
		if err != nil && !e.isUnfollowed(s, f, want) {
			return err
		}
		own, places = append(own, f), append(places, place)
	}
	for _, f := range want.fields {
		if have.index(f.name) < 0 && e.isNamespace(s) {
			e.airy = e.isAiry(places)
			break
		}
	}
	gone := make([]bool, len(own))
	left := len(n.Content)/2 - len(own) // what is merged in
	for i, f := range own {
		if gone[i] = want.field(f.name) == nil; !gone[i] {
			left++
		}
	}
	if left == 0 && !slices.ContainsFunc(want.fields, func(f draftField) bool { return have.index(f.name) < 0 }) && !e.isNamespace(s) {
		return e.replace(s, have, want)
	}
	if flow && left == 0 { // nothing is left to put a comma behind
		return e.replace(s, have, want)
	}
	if e.isNamespace(s) && flow && len(own) == 0 {
		return e.replace(s, have, want)
	}
	for i, f := range own {
		if gone[i] {
			continue
		}
		below := slot{after: places[i].after, indent: e.column(places[i].begin), flow: flow}
		if err := e.value(below, f.value, want.field(f.name)); err != nil && !e.isUnfollowed(s, f, want) {
			return err
		}
	}
	if e.isNamespace(s) && len(e.unfollowed) > 0 {
		return e.unfollowed
	}
	out := have.mergesFrom(e.writeOut)
	switch {
	case out:
		if err := e.writeMerged(s, have, want, flow); err != nil {
			return err
		}
	case slices.ContainsFunc(have.fields, func(f draftField) bool { return f.merged && want.field(f.name) == nil }):
		// What is merged in can't be left out: the rest of it is written out.
		out = true
		direct := e.direct
		err := e.writeMerged(s, have, want, flow)
		e.merged = append(e.merged, e.direct[len(direct):]...)
		e.direct = direct
		if err != nil {
			return err
		}
	}
	if len(own) > 0 && gone[0] && !flow && !e.startsLine(places[0].begin) {
		if err := e.removeFirst(n, places, gone); err != nil {
			return err
		}
	}
	e.remove(places, gone, flow)
	return e.insertFields(s, have, want, own, places, flow, out)
}
