package source

import (
	"bytes"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// Part is a configuration or field in a file of a tree, as a text for an editor. In the
// text, what is encrypted with age is in plain text after its !age tag.
type Part struct {
	// Line is the line of the file at which the text begins.
	Line int
	// Encrypted counts the values in the text that are encrypted in the file.
	Encrypted int
	// Overlay says that the file is of an overlay, which may hold its tags.
	Overlay bool

	file     File
	from, to int    // in the file
	indent   int    // of the lines, which the text has not
	breaks   string // how lines end in the file
	text     string
	plain    map[string][]sealedText // by value
	sealed   map[string]bool         // paths of encrypted values in the file
	holds    map[string]bool         // texts of values that are not encrypted in the file
}

// sealedText is a value of the file that age encrypted.
type sealedText struct {
	path         string
	tag, armored string
	text         string // that was encrypted
	// head and rest are how it stands in the file, in a collection that is indented by
	// indent.
	head, rest string
	indent     int
	flow       bool
}

// Find returns the file in dir that declares a configuration. What is said about it does
// not show what hides names.
func Find(dir string, key plan.Key, within []string, hides plan.Sensitivity) (File, bool, error) {
	w := walk(dir, LoadOptions{AllowEmpty: true, References: References{Within: within}})
	if len(w.findings.Errors) > 0 {
		return File{}, false, Errors(w.findings.Errors)
	}
	for _, u := range w.units {
		if u.namespace != key.Namespace || u.config != "" && u.config != key.Config {
			continue
		}
		f, err := u.file()
		if err != nil {
			return File{}, false, err
		}
		f = f.Hiding(hides)
		if u.config != "" {
			return f, true, nil
		}
		if declares, err := f.declares(key.Config); err != nil || declares {
			return f, declares, err
		}
	}
	return File{}, false, nil
}

// declares reports whether a namespace's file declares a configuration.
func (f File) declares(config string) (bool, error) {
	u := f.unit
	u.references = u.references.unresolved()
	have, _, ok := u.drafts(f.data)
	if !ok && u.json {
		have, ok = u.jsonDraft(f.data)
	}
	if !ok {
		return false, f.broken()
	}
	return have.field(config) != nil, nil
}

// broken returns the errors of a file that can't be read.
func (f File) broken() error {
	u := f.unit
	u.references = u.references.unresolved()
	if found := u.check(f.data); len(found) > 0 {
		return Errors(found)
	}
	return aboutFile(u.shown, "this file can't be read", `see what "confo-sync validate" says`)
}

// Part returns a configuration of the file to edit, or with a field that field. The text
// is of whole lines: of a field that shares its lines with others, it is of all of them.
// It reports false if the file has no such field.
func (f File) Part(config, field string, decrypt func(armored string) (string, error)) (*Part, bool, error) {
	if f.Sealed() {
		return nil, false, aboutFile(f.unit.shown, "this file is encrypted by SOPS", "edit it with sops")
	}
	p := &Part{file: f, breaks: "\n", Line: 1}
	if f.unit.json {
		p.to, p.text = len(f.data), string(f.data)
		return p, true, nil
	}
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, false, err
	}
	p.breaks = c.breaks
	if p.from, p.to, err = c.region(config, field); err != nil {
		return nil, false, err
	}
	if p.to < 0 {
		return nil, false, nil
	}
	p.Line = bytes.Count(c.data[:p.from], []byte("\n")) + 1
	err = p.show(c, decrypt)
	return p, true, err
}

// region returns the lines of a configuration, or of a field of it. to is -1 if there is
// no such field.
func (c *cipher) region(config, field string) (from, to int, err error) {
	d := c.have
	from, to = 0, len(c.data)
	if c.unit.config == "" {
		i := d.index(config)
		if i < 0 {
			return 0, -1, nil
		}
		if at, err := c.place(d.fields[i]); err == nil {
			from, to = c.linesOf(at)
		}
		d = d.fields[i].value
	}
	if field == "" {
		return from, to, nil
	}
	named, err := plan.ParseFieldPath(field)
	if err != nil {
		return 0, -1, err
	}
	found := false
	var search func(d *draft, path plan.Path, here bool, lower, upper int)
	search = func(d *draft, path plan.Path, here bool, lower, upper int) {
		if len(path) > 0 && named.Names(path) {
			found, from, to = true, lower, upper
		}
		if found || d.fixed {
			return
		}
		here = here && !d.alias && d.at().Style&yaml.FlowStyle == 0
		for _, f := range d.fields {
			lower, upper := lower, upper
			if here && !f.merged {
				if at, err := c.place(f); err == nil && c.startsLine(at.begin) {
					lower, upper = c.linesOf(at)
				}
			}
			search(f.value, path.With(plan.Name(f.name)), here && !f.merged, lower, upper)
		}
		for i, item := range d.items {
			search(item, path.With(plan.Item(i)), here, lower, upper)
		}
	}
	search(d, nil, true, from, to)
	if !found {
		return 0, -1, nil
	}
	return from, to, nil
}

// linesOf returns the lines of an entry, with the comments right above it.
func (c *cipher) linesOf(at entryAt) (from, to int) {
	from = c.lineStart(at.begin)
	return c.aboveComments(from, c.column(at.begin)), c.nextLine(at.end)
}

// show makes the text of the part.
func (p *Part) show(c *cipher, decrypt func(string) (string, error)) error {
	p.plain, p.sealed, p.holds = map[string][]sealedText{}, map[string]bool{}, map[string]bool{}
	nodes := c.leaves()
	done := map[*yaml.Node]bool{}
	var failed Errors
	c.have.each(nil, func(levels []string, d *draft) {
		l, known := nodes[d.at()]
		if !isAge(d) {
			p.holds[d.Text] = true
			return
		}
		if !known {
			return
		}
		p.sealed[strings.Join(levels, "/")] = true
		at := c.begin(l.node)
		if done[l.node] || at < p.from || at >= p.to {
			return
		}
		done[l.node] = true
		text, err := decrypt(l.node.Value)
		if err != nil {
			failed = append(failed, c.about(l.node, err))
			return
		}
		if f := p.open(c, l, strings.Join(levels, "/"), text); f != nil {
			failed = append(failed, *f)
		}
	})
	if len(failed) > 0 {
		return failed
	}
	p.Encrypted = len(done)
	whole, err := c.apply(slices.Clone(c.direct))
	if err != nil {
		return err
	}
	whole = whole[len(c.prefix):]
	text := strings.ReplaceAll(string(whole[p.from:len(whole)-(len(c.data)-p.to)]), "\r\n", "\n")
	p.indent = commonIndent(text)
	p.text = reindent(text, -p.indent)
	return nil
}

// open replaces an encrypted value by its tag and its plain text.
func (p *Part) open(c *cipher, l leaf, path, text string) *plan.Finding {
	r, _ := referenceOf(l.node)
	v, wrong := r.typed(text)
	if wrong != nil {
		f := c.at(l.node, wrong.message, wrong.hint)
		return &f
	}
	s, err := c.standing(l)
	if err != nil {
		f := c.unfollowed(l.node)
		return &f
	}
	tag, first, rest := tagAge+":json", "", ""
	switch {
	case v.Kind == plan.String && strings.TrimSpace(v.Text) != "" && !plan.HasLoneSurrogate(v.Text):
		tag = tagAge
		first, rest = c.usual(v.Text, l)
	case v.Kind == plan.Integer || v.Kind == plan.Float || v.Kind == plan.Bool:
		tag = tagAge + ":" + map[plan.Kind]string{plan.Integer: "int", plan.Float: "float", plan.Bool: "bool"}[v.Kind]
		first = c.flowText(draftOf(v), nil)
	default:
		first = flowString(string(plan.AppendJSON(nil, v)))
	}
	value := canonical(v)
	p.plain[value] = append(p.plain[value], sealedText{
		path: path, tag: l.node.Tag, armored: l.node.Value, text: text,
		head: string(c.data[s.tag:s.to]), rest: string(c.data[s.rest:s.restTo]), indent: l.indent, flow: l.flow,
	})
	c.edit(splice{from: s.tag, to: s.to, text: tag + " " + first})
	atEnd := s.restTo == len(c.data) && (s.restTo == 0 || c.data[s.restTo-1] != '\n')
	if atEnd && !strings.HasSuffix(v.Text, "\n") {
		rest = strings.TrimSuffix(rest, "\n")
	}
	if rest != "" && s.needBreak && !s.block {
		rest = "\n" + rest
	}
	if rest == "" && s.block && atEnd {
		s.rest = c.lineEnd(s.to)
	}
	if s.rest < s.restTo || rest != "" {
		c.edit(splice{from: s.rest, to: s.restTo, text: rest})
	}
	return nil
}

// canonical returns the text by which equal values are recognized.
func canonical(v plan.Node) string { return string(plan.AppendJSON(nil, v)) }

// Text returns the text to edit.
func (p *Part) Text() string { return p.text }

// commonIndent returns by how many blanks all lines that hold something are indented.
func commonIndent(text string) int {
	least := -1
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if n := len(line) - len(strings.TrimLeft(line, " ")); least < 0 || n < least {
			least = n
		}
	}
	return max(least, 0)
}

// reindent indents lines by more blanks, or by fewer. Empty lines stay empty.
func reindent(text string, by int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch {
		case by > 0 && strings.Trim(line, "\r\n") != "":
			b.WriteString(strings.Repeat(" ", by) + line)
		case by < 0 && len(strings.Trim(line, "\r\n")) >= -by:
			b.WriteString(line[-by:])
		case by < 0:
			b.WriteString(strings.TrimLeft(line, " "))
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

// FieldNames returns the paths of all fields that the file declares in a configuration.
func (f File) FieldNames(config string) (names []string) {
	u := f.unit
	u.references = u.references.unresolved()
	have, _, ok := u.drafts(f.data)
	if !ok {
		return nil
	}
	if u.config == "" {
		if have = have.field(config); have == nil {
			return nil
		}
	}
	have.value().Walk(nil, func(path plan.Path, _ plan.Node) {
		if len(path) > 0 {
			names = append(names, path.String())
		}
	})
	return names
}

// Names returns the configurations that the files in dir declare, as far as they can be
// read.
func Names(dir string, within []string) (names []string) {
	w := walk(dir, LoadOptions{AllowEmpty: true, References: References{Within: within}})
	for _, u := range w.units {
		if u.config != "" {
			names = append(names, plan.Key{Namespace: u.namespace, Config: u.config}.String())
			continue
		}
		f, err := u.file()
		if err != nil {
			continue
		}
		u.references = u.references.unresolved()
		if have, _, ok := u.drafts(f.data); ok {
			for _, field := range have.fields {
				names = append(names, plan.Key{Namespace: u.namespace, Config: field.name}.String())
			}
		}
	}
	return names
}
