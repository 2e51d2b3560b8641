package source

import (
	"bytes"
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
		return nil, aboutFile(u.shown, "a JSON file can't have encrypted values", "write it as YAML, or encrypt the file with sops")
	}
	u.references = u.references.unresolved()
	c := &cipher{editing: newEditing(u, data)}
	var ok bool
	if c.have, c.root, ok = u.drafts(data); !ok {
		if found := u.check(data); len(found) > 0 {
			return nil, Errors(found)
		}
		return nil, aboutFile(u.shown, "this file can't be read", `run "confo-sync validate" to see why`)
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

// each calls do for the leaves of what the file says, with their levels in it, which do
// must not keep.
func (d *draft) each(levels []string, do func(levels []string, d *draft)) {
	switch {
	case d.fixed || d.Kind != plan.Object && d.Kind != plan.List:
		do(levels, d)
	case d.Kind == plan.Object:
		for _, f := range d.fields {
			f.value.each(append(levels, f.name), do)
		}
	default:
		for i, item := range d.items {
			item.each(append(levels, strconv.Itoa(i)), do)
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
	c.putArmored(l, s, tag, armored)
	return nil
}

// putArmored writes what age made of a value in the place of the value.
func (c *cipher) putArmored(l leaf, s standing, tag, armored string) {
	if l.flow {
		var out emitter
		out.quote(armored)
		c.edit(splice{from: s.tag, to: s.to, text: tag + " " + string(out.out)})
		return
	}
	c.edit(splice{from: s.tag, to: s.to, text: tag + " |"})
	c.edit(splice{from: s.rest, to: s.restTo, text: c.armor(armored, max(l.indent, 0)+2, s)})
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
	if isBlock(value) {
		first, rest, _ = strings.Cut(value, "\n")
		return first, rest
	}
	return value, ""
}

// isBlock reports whether YAML is a text whose lines follow the first: "|", "!sensitive >-".
func isBlock(value string) bool {
	for strings.HasPrefix(value, "!") {
		_, value, _ = strings.Cut(value, " ")
		value = strings.TrimLeft(value, " \t")
	}
	return strings.HasPrefix(value, "|") || strings.HasPrefix(value, ">")
}

func (c *cipher) unfollowed(n *yaml.Node) plan.Finding {
	return c.at(n, "confo-sync can't change a value that is written like this", "write it in a simpler way: on the line of its key, with an anchor before a tag")
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
