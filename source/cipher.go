package source

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// A value that is encrypted stands in its file as !age, followed by what age
// made of it. What is encrypted is the value itself, if it is a string that is
// written the usual way; of every other it is the YAML, as it stands there and
// after as many blanks as what it stands in is indented by: !age:yaml. So it can
// be put back byte for byte.
const tagAgeYAML = tagAge + ":yaml"

// cipher encrypts and decrypts values in the text of a file.
type cipher struct {
	*editing
	root *yaml.Node
	have *draft
}

// leaf is a scalar in a file.
type leaf struct {
	node   *yaml.Node
	indent int // of the collection that it is in
	item   bool
	flow   bool // within brackets
	value  plan.Node
}

func (u unit) cipher(data []byte) (*cipher, error) {
	if u.json {
		return nil, aboutFile(u.shown, "JSON has no place for encrypted values", "write it as YAML, or encrypt the whole file with sops")
	}
	u.references = References{Unresolved: true}
	c := &cipher{editing: newEditing(u, data)}
	var ok bool
	if c.have, c.root, ok = u.drafts(data); !ok {
		if found := u.check(data); len(found) > 0 {
			return nil, Errors(found)
		}
		return nil, aboutFile(u.shown, "this file can't be read", `see what "confo-sync validate" says`)
	}
	if mayBeSealed(data) && u.isSealed(data) {
		return nil, aboutFile(u.shown, "this file is encrypted by SOPS", "edit it with sops")
	}
	c.step = c.indentation(c.root)
	return c, nil
}

// check returns the errors of a file.
func (u unit) check(data []byte) []plan.Finding {
	d := u.document(data)
	d.layered = &layered{overlay: true, configs: map[string]layerMarks{}}
	return d.parseWhole().findings.Errors
}

// leaves returns the scalars of the file, by their nodes.
func (c *cipher) leaves() map[*yaml.Node]leaf {
	all := map[*yaml.Node]leaf{}
	var walk func(n *yaml.Node, indent int, item, flow bool)
	walk = func(n *yaml.Node, indent int, item, flow bool) {
		flow = flow || n.Style&yaml.FlowStyle != 0
		switch n.Kind {
		case yaml.ScalarNode:
			all[n] = leaf{node: n, indent: indent, item: item, flow: flow}
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], c.column(c.begin(n.Content[i])), false, flow)
			}
		case yaml.SequenceNode:
			for _, item := range n.Content {
				walk(item, c.column(c.content(n)), true, flow)
			}
		}
	}
	if c.root != nil {
		walk(c.root, -1, false, false)
	}
	return all
}

// each calls do for the leaves of what the file says, with their levels in it.
func (d *draft) each(levels []string, do func(levels []string, d *draft)) {
	switch {
	case d.fixed || d.Kind != plan.Object && d.Kind != plan.List:
		do(levels, d)
	case d.Kind == plan.Object:
		for _, f := range d.fields {
			f.value.each(append(slices.Clone(levels), f.name), do)
		}
	default:
		for i, item := range d.items {
			item.each(append(slices.Clone(levels), strconv.Itoa(i)), do)
		}
	}
}

// written returns the node that a leaf is written at.
func (d *draft) at() *yaml.Node {
	if d.alias {
		return d.node.Alias
	}
	return d.node
}

// standing is where a scalar stands: on a line, and if it is a block in those
// after it.
type standing struct {
	tag, from, to    int // the tag begins at tag, what it says is up to to
	rest, restTo     int // the lines of the block
	block, needBreak bool
}

func (c *cipher) standing(l leaf) (standing, error) {
	at := c.begin(l.node)
	if at < len(c.data) && c.data[at] == '&' {
		at = c.skip(c.property(at))
	}
	s := standing{tag: at, from: c.content(l.node)}
	if bytes.ContainsAny(c.data[s.tag:s.from], "&\n#") {
		return s, errLayout
	}
	end, err := c.end(l.node, l.indent)
	if err != nil {
		return s, err
	}
	s.block = l.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if !s.block {
		s.to = end
		s.rest = c.lineAfter(end)
		s.restTo = s.rest
	} else {
		for s.to = s.from; s.to < len(c.data) && !isBlankOrBreak(c.data[s.to]); s.to++ {
		}
		s.rest, s.restTo = c.lineAfter(s.from), end
	}
	s.needBreak = s.rest == len(c.data) && (s.rest == 0 || c.data[s.rest-1] != '\n')
	return s, nil
}

// seal encrypts one scalar.
func (c *cipher) seal(l leaf, encrypt func(text string) (string, error)) error {
	s, err := c.standing(l)
	if err != nil {
		return c.unfollowed(l.node)
	}
	tag, text := tagAgeYAML, string(c.data[s.tag:s.to])
	if s.block {
		text += "\n" + string(c.data[s.rest:s.restTo])
	}
	if first, rest := c.usual(l.value.Text, l); l.value.Kind == plan.String && s.tag == s.from && text == joined(first, rest, s.block) {
		tag, text = tagAge, l.value.Text
	} else if strings.Contains(text, "\n") {
		text = strings.Repeat(" ", max(l.indent, 0)) + text
	}
	armored, err := encrypt(text)
	if err != nil {
		return err
	}
	if l.flow {
		var out emitter
		out.quote(armored)
		c.edit(splice{from: s.tag, to: s.to, text: tag + " " + string(out.out)})
		return nil
	}
	c.edit(splice{from: s.tag, to: s.to, text: tag + " |"})
	c.edit(splice{from: s.rest, to: s.restTo, text: c.armor(armored, max(l.indent, 0)+2, s)})
	return nil
}

func joined(first, rest string, block bool) string {
	if block {
		return first + "\n" + rest
	}
	return first
}

// armor returns the lines of an age file.
func (c *cipher) armor(armored string, indent int, s standing) string {
	by := strings.Repeat(" ", indent)
	text := by + strings.ReplaceAll(strings.TrimRight(armored, "\n"), "\n", "\n"+by) + "\n"
	if s.restTo == len(c.data) && (s.restTo == 0 || c.data[s.restTo-1] != '\n') {
		text = strings.TrimSuffix(text, "\n") // as the file ends
	}
	if s.needBreak {
		text = "\n" + text
	}
	return text
}

// usual returns how a string is written when nothing else is said: what goes on
// the line, and the lines that follow.
func (c *cipher) usual(text string, l leaf) (first, rest string) {
	if l.flow {
		return flowString(text), ""
	}
	out := c.emitter()
	indent := max(l.indent, 0) + c.step
	if l.item {
		indent = l.indent + 2
	}
	out.scalar(plan.Node{Kind: plan.String, Text: text}, indent)
	first, rest, _ = strings.Cut(string(out.out), "\n")
	return first, rest
}

// open decrypts one scalar.
func (c *cipher) open(l leaf, text string) *plan.Finding {
	s, err := c.standing(l)
	if err != nil {
		f := c.unfollowed(l.node)
		return &f
	}
	r, _ := referenceOf(l.node)
	first, rest := "", ""
	switch r.kind {
	case "":
		first, rest = c.usual(text, l)
	case "yaml":
		first, rest = c.restored(text, l)
	default:
		v, p := r.typed(text)
		if p != nil {
			f := c.at(l.node, p.message, p.hint)
			return &f
		}
		first = c.flowText(draftOf(v), nil)
	}
	exact := r.kind == "yaml"
	c.edit(splice{from: s.tag, to: s.to, text: first, exact: exact})
	atEnd := s.restTo == len(c.data) && (s.restTo == 0 || c.data[s.restTo-1] != '\n')
	switch {
	case rest == "" && s.block && atEnd:
		s.rest = c.lineEnd(s.to) // with the break before
	case rest != "" && s.needBreak && !s.block:
		rest = "\n" + rest
	}
	if atEnd && !strings.HasSuffix(text, "\n") {
		rest = strings.TrimSuffix(rest, "\n")
	}
	if s.rest < s.restTo || rest != "" {
		c.edit(splice{from: s.rest, to: s.restTo, text: rest, exact: exact})
	}
	return nil
}

// restored returns YAML as it stood, in a place that may be indented otherwise by
// now.
func (c *cipher) restored(text string, l leaf) (first, rest string) {
	value := strings.TrimLeft(text, " ")
	if !strings.Contains(value, "\n") {
		return value, ""
	}
	if by := max(l.indent, 0) - (len(text) - len(value)); by != 0 {
		lines := strings.SplitAfter(value, "\n")
		for i := 1; i < len(lines); i++ {
			switch blanks := len(lines[i]) - len(strings.TrimLeft(lines[i], " ")); {
			case strings.TrimSpace(lines[i]) == "":
			case by > 0:
				lines[i] = strings.Repeat(" ", by) + lines[i]
			default:
				lines[i] = lines[i][min(-by, blanks):]
			}
		}
		value = strings.Join(lines, "")
	}
	if value[0] == '|' || value[0] == '>' {
		first, rest, _ = strings.Cut(value, "\n")
		return first, rest
	}
	return value, ""
}

func (c *cipher) unfollowed(n *yaml.Node) plan.Finding {
	return c.at(n, "this way of writing a value is not followed", "write it in a simpler way: on one line after its key, an anchor before a tag")
}

// at is a finding about a value.
func (c *cipher) at(n *yaml.Node, message, hint string) plan.Finding {
	return plan.Finding{Position: plan.Position{File: c.shown, Line: int32(n.Line), Column: int32(n.Column)}, Message: message, Hint: hint}
}

// Errors are what is wrong with files, all of it.
type Errors []plan.Finding

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Ciphered is a file in which values were encrypted, decrypted, or encrypted
// again.
type Ciphered struct {
	Revised
	Fields []string // in the file, with / between levels
}

// Encrypt encrypts values in a file: those that fields name, counted from the
// file's root, or without any those that are sensitive.
func (f File) Encrypt(fields []plan.Pattern, s plan.Sensitivity, encrypt func(text string) (string, error)) (*Ciphered, error) {
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, err
	}
	sensitive := f.unit.sensitive(c.have, s)
	chosen, err := f.chosen(c, fields,
		func(d *draft) bool { return sensitive[d] },
		func(d *draft) bool { return !d.fixed && d.Kind != plan.Null })
	if err != nil {
		return nil, err
	}
	texts := map[string]string{} // by what they were encrypted to
	for _, l := range chosen.leaves {
		err := c.seal(l, func(text string) (string, error) {
			armored, err := encrypt(text)
			texts[strings.TrimSpace(armored)] = text
			return armored, err
		})
		if err != nil {
			return nil, err
		}
	}
	after, err := c.apply(c.direct)
	if err != nil {
		return nil, err
	}
	// It must be possible to go back, to the same bytes.
	back, opened, err := f.unit.decrypt(after, func(armored string) (string, bool, error) {
		text, ok := texts[strings.TrimSpace(armored)]
		return text, ok, nil
	})
	if err != nil || len(opened) != len(chosen.leaves) || !bytes.Equal(back, f.data) {
		return nil, errors.Join(fmt.Errorf("%s: what is encrypted could not be put back as it was, so nothing is; please report this", plan.Printable(f.unit.shown)), err)
	}
	return &Ciphered{f.revised(after), chosen.names}, nil
}

// chosen are leaves of a file that something is done with.
type chosen struct {
	leaves []leaf
	names  []string
}

// chosen returns the leaves that fields name, or without any those that
// otherwise takes. Only those count that ok takes.
func (f File) chosen(c *cipher, fields []plan.Pattern, otherwise, ok func(d *draft) bool) (chosen, error) {
	var all chosen
	nodes := c.leaves()
	taken := map[*yaml.Node]bool{}
	matched := make([]bool, len(fields))
	var names []string
	c.have.each(nil, func(levels []string, d *draft) {
		names = append(names, strings.Join(levels, "/"))
		take := len(fields) == 0 && otherwise(d)
		for i, p := range fields {
			for n := 1; n <= len(levels); n++ {
				if p.Match(levels[:n]...) {
					take, matched[i] = true, true
				}
			}
		}
		l, known := nodes[d.at()]
		if !take || !known || !ok(d) || taken[l.node] {
			return
		}
		taken[l.node], l.value = true, d.Node
		all.leaves = append(all.leaves, l)
		all.names = append(all.names, names[len(names)-1])
	})
	for i, p := range fields {
		if !matched[i] {
			return all, plan.Finding{
				Position: plan.Position{File: f.unit.shown},
				Message:  fmt.Sprintf("there is no field %s in this file", plan.Quote(p.String())),
				Hint:     "fields count from the top of the file, with / between levels, as in db/password" + meant(plan.Closest(p.String(), names)),
			}
		}
	}
	return all, nil
}

// sensitive returns the leaves of a file that are.
func (u unit) sensitive(have *draft, s plan.Sensitivity) map[*draft]bool {
	found := map[*draft]bool{}
	var mark func(d *draft, n plan.Node)
	mark = func(d *draft, n plan.Node) {
		if d.fixed {
			return
		}
		if d.at() != nil && isSensitive(d.at()) {
			n = allSensitive(n)
		}
		if n.Sensitive {
			found[d] = true
		}
		for i := range n.Fields {
			mark(d.fields[i].value, n.Fields[i].Value)
		}
		for i := range n.Items {
			mark(d.items[i], n.Items[i])
		}
	}
	config := func(name string, d *draft) {
		if n, err := s.Parse(plan.Key{Namespace: u.namespace, Config: name}, plan.Encode(d.value())); err == nil {
			mark(d, n)
		}
	}
	if u.config != "" {
		config(u.config, have)
		return found
	}
	for _, f := range have.fields {
		config(f.name, f.value)
	}
	return found
}

// Decrypt puts values back that are encrypted with age: those that fields name, or
// without any all.
func (f File) Decrypt(fields []plan.Pattern, decrypt func(armored string) (string, error)) (*Ciphered, error) {
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, err
	}
	chosen, err := f.chosen(c, fields, isAge, isAge)
	if err != nil {
		return nil, err
	}
	only := map[string]bool{}
	for _, l := range chosen.leaves {
		only[l.node.Value] = true
	}
	texts := map[string]string{}
	after, _, err := f.unit.decrypt(f.data, func(armored string) (string, bool, error) {
		if !only[armored] {
			return "", false, nil
		}
		text, err := decrypt(armored)
		texts[armored] = text
		return text, true, err
	})
	if err != nil {
		return nil, err
	}
	now, _, ok := c.drafts(after)
	if !ok || !c.have.becomes(now, texts) {
		return nil, fmt.Errorf("%s would not read back as what was encrypted, so it is left as it is; please report this", plan.Printable(f.unit.shown))
	}
	return &Ciphered{f.revised(after), chosen.names}, nil
}

func isAge(d *draft) bool {
	if !d.fixed {
		return false
	}
	r, ok := referenceOf(d.at())
	return ok && r.tag == tagAge
}

// becomes reports whether a file's values are what they were, but that those
// whose texts are given are decrypted.
func (d *draft) becomes(now *draft, texts map[string]string) bool {
	if d.fixed {
		text, ok := texts[d.at().Value]
		if !ok {
			return now.fixed && now.at().Value == d.at().Value
		}
		r, _ := referenceOf(d.at())
		v, p := r.typed(text)
		return p == nil && !now.fixed && v.Equal(now.value())
	}
	if d.tag != now.tag || d.Kind != now.Kind || len(d.fields) != len(now.fields) || len(d.items) != len(now.items) {
		return false
	}
	for i, f := range d.fields {
		if f.name != now.fields[i].name || !f.value.becomes(now.fields[i].value, texts) {
			return false
		}
	}
	for i := range d.items {
		if !d.items[i].becomes(now.items[i], texts) {
			return false
		}
	}
	return d.Kind == plan.Object || d.Kind == plan.List || d.Node.Equal(now.Node)
}

// Rotate encrypts again what is encrypted with age.
func (f File) Rotate(decrypt func(armored string) (string, error), encrypt func(text string) (string, error)) (*Ciphered, error) {
	if f.unit.json || !bytes.Contains(f.data, []byte(tagAge)) {
		return &Ciphered{Revised: f.revised(f.data)}, nil
	}
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, err
	}
	chosen, err := f.chosen(c, nil, isAge, isAge)
	if err != nil || len(chosen.leaves) == 0 {
		return &Ciphered{Revised: f.revised(f.data)}, err
	}
	before, after := map[string]string{}, map[string]string{}
	var failed Errors
	for _, l := range chosen.leaves {
		text, err := decrypt(l.node.Value)
		if err != nil {
			failed = append(failed, c.about(l.node, err))
			continue
		}
		armored, err := encrypt(text)
		if err != nil {
			return nil, err
		}
		before[l.node.Value], after[strings.TrimSpace(armored)] = text, text
		if err := c.resealed(l, armored); err != nil {
			return nil, err
		}
	}
	if len(failed) > 0 {
		return nil, failed
	}
	content, err := c.apply(c.direct)
	if err != nil {
		return nil, err
	}
	// Both must hold the same.
	old, was, err := f.unit.decrypt(f.data, func(armored string) (string, bool, error) { text, ok := before[armored]; return text, ok, nil })
	if err != nil {
		return nil, err
	}
	again, is, err := f.unit.decrypt(content, func(armored string) (string, bool, error) {
		text, ok := after[strings.TrimSpace(armored)]
		return text, ok, nil
	})
	if err != nil || len(was) != len(is) || !bytes.Equal(old, again) {
		return nil, errors.Join(fmt.Errorf("%s would not hold the same any more, so it is left as it is; please report this", plan.Printable(f.unit.shown)), err)
	}
	return &Ciphered{f.revised(content), chosen.names}, nil
}

// resealed replaces what age made of a value.
func (c *cipher) resealed(l leaf, armored string) error {
	s, err := c.standing(l)
	if err != nil {
		return c.unfollowed(l.node)
	}
	if !s.block {
		var out emitter
		out.quote(armored)
		c.edit(splice{from: s.from, to: s.to, text: string(out.out)})
		return nil
	}
	lines := c.data[s.rest:s.restTo]
	indent := len(lines) - len(bytes.TrimLeft(lines, " "))
	s.needBreak = false
	c.edit(splice{from: s.from, to: s.to, text: "|"})
	c.edit(splice{from: s.rest, to: s.restTo, text: c.armor(armored, indent, s)})
	return nil
}

// about says of an error where in the file it is.
func (c *cipher) about(n *yaml.Node, err error) plan.Finding {
	p := problemOf(err)
	return c.at(n, p.message, p.hint)
}

// decrypt puts back the values whose text open knows.
func (u unit) decrypt(data []byte, open func(armored string) (text string, ok bool, err error)) (after []byte, opened []*yaml.Node, err error) {
	c, err := u.cipher(data)
	if err != nil {
		return nil, nil, err
	}
	nodes := c.leaves()
	done := map[*yaml.Node]bool{}
	var failed Errors
	c.have.each(nil, func(_ []string, d *draft) {
		l, known := nodes[d.at()]
		if !known || !isAge(d) || done[l.node] {
			return
		}
		done[l.node] = true
		text, ok, err := open(l.node.Value)
		if err != nil {
			failed = append(failed, c.about(l.node, err))
			return
		}
		if !ok {
			return
		}
		opened = append(opened, l.node)
		if f := c.open(l, text); f != nil {
			failed = append(failed, *f)
		}
	})
	if len(failed) > 0 {
		return nil, nil, failed
	}
	after, err = c.apply(c.direct)
	return after, opened, err
}

func meant(name string) string {
	if name == "" {
		return ""
	}
	return "; did you mean " + plan.Printable(name) + "?"
}
