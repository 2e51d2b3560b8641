package source

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// Ciphered is a file in which values were encrypted, decrypted, or encrypted
// again.
type Ciphered struct {
	Revised
	Fields []string // in the file, with / between levels
	// Left is what stands in the file in plain text and looks like a secret, of
	// Encrypt without fields. A comment has the path "comment".
	Left []plan.Suspect
	// Plain are the values that Encrypt has encrypted.
	Plain Plain
}

// Has returns those of the fields that the file has, and the names of all its fields in
// the forms of the fields that were asked for.
func (f File) Has(fields []FieldPattern) (has []FieldPattern, names []string, err error) {
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range fields {
		matches := false
		c.have.each(nil, func(levels []string, _ *draft) {
			matches = matches || f.unit.matches(p, levels)
			names = append(names, f.unit.nameFor(p, levels))
		})
		if matches {
			has = append(has, p)
		}
	}
	return has, names, nil
}

// FieldsFromTop returns the names of all fields of the file, from its top.
func (f File) FieldsFromTop() (names []string, err error) {
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, err
	}
	c.have.each(nil, func(levels []string, _ *draft) { names = append(names, strings.Join(levels, "/")) })
	return names, nil
}

// HasSensitive reports whether a JSON file holds sensitive values, which can't be
// encrypted there.
func (f File) HasSensitive(s plan.Sensitivity) bool {
	u := f.unit
	u.references = u.references.unresolved()
	have, _, ok := u.drafts(f.data)
	if !ok {
		have, ok = u.jsonDraft(f.data)
	}
	return ok && len(u.sensitive(have, s)) > 0
}

// Encrypt encrypts values in a file: those that fields name, counted from the
// file's root, or without any those that are sensitive.
func (f File) Encrypt(fields []FieldPattern, s plan.Sensitivity, encrypt func(text string) (string, error)) (*Ciphered, error) {
	c, err := f.unit.cipher(f.data)
	if err != nil {
		return nil, err
	}
	sensitive := f.unit.sensitive(c.have, s)
	chosen, err := f.chosen(c, fields, func(d *draft) bool { return sensitive[d] }, canEncrypt)
	if err != nil {
		return nil, err
	}
	done, err := f.encrypt(c, chosen, encrypt)
	if err == nil && len(fields) == 0 {
		done.Left = f.leftPlain(c, chosen, s)
	}
	return done, err
}

// canEncrypt reports whether a value is in plain text and can be encrypted.
func canEncrypt(d *draft) bool { return !d.fixed && d.Kind != plan.Null }

// encrypt encrypts the chosen leaves.
func (f File) encrypt(c *cipher, chosen chosen, encrypt func(text string) (string, error)) (*Ciphered, error) {
	texts := map[string]string{} // by what they were encrypted to
	plain := Plain{File: f.unit.path}
	for _, l := range chosen.leaves {
		plain.addText(l.value.Text)
		err := c.seal(l, func(text string) (string, error) {
			armored, err := encrypt(text)
			texts[strings.TrimSpace(armored)] = text
			plain.addText(text)
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
		return nil, errors.Join(fmt.Errorf("%s was not changed: its values could not be decrypted again (please report this)", plan.Printable(f.unit.shown)), err)
	}
	return &Ciphered{Revised: f.revised(after), Fields: chosen.names, Plain: plain}, nil
}

// EncryptLaid encrypts the sensitive values in files that Lay returned for the folder
// dir, and that are not written yet. It changes only YAML files: JSON holds no encrypted
// values.
func EncryptLaid(dir string, files []Revised, s plan.Sensitivity, encrypt func(text string) (string, error)) ([]Revised, error) {
	files = slices.Clone(files)
	for i, f := range files {
		if filepath.Base(f.Path) == keepFile {
			continue
		}
		u, err := unitAt(f.Path, []string{dir})
		if err != nil {
			return nil, err
		}
		if u.json {
			continue
		}
		done, err := File{unit: u, data: f.After}.Encrypt(nil, s, encrypt)
		if err != nil {
			return nil, err
		}
		files[i].After = done.After
	}
	return files, nil
}

// leftPlain returns what looks like a secret and is not among what was chosen:
// fields that the project calls public, or that can't be encrypted, and comments.
func (f File) leftPlain(c *cipher, chosen chosen, s plan.Sensitivity) (left []plan.Suspect) {
	taken := map[*yaml.Node]bool{}
	for _, l := range chosen.leaves {
		taken[l.node] = true
	}
	looks := f.unit.sensitive(c.have, s.Except(nil))
	c.have.each(nil, func(levels []string, d *draft) {
		if !looks[d] || d.fixed || d.Kind == plan.Null || d.Text == "" || d.at() == nil || taken[d.at()] {
			return
		}
		key := plan.Key{Namespace: f.unit.namespace, Config: f.unit.config}
		if key.Config == "" {
			key.Config, levels = levels[0], levels[1:]
		}
		var path plan.Path
		for _, level := range levels {
			if i, err := strconv.Atoi(level); err == nil && i >= 0 {
				path = append(path, plan.Item(i))
			} else {
				path = append(path, plan.Name(level))
			}
		}
		left = append(left, plan.Suspect{Key: key, Path: path, Position: f.position(d.at().Line)})
	})
	return append(left, f.suspectComments(c.root, s)...)
}

func (f File) position(line int) plan.Position {
	return plan.Position{File: f.unit.shown, Line: int32(line), Column: 1}
}

// suspectComments returns the comments that look as if they held a secret, or hold the
// text of a marked value.
func (f File) suspectComments(root *yaml.Node, s plan.Sensitivity) (found []plan.Suspect) {
	if root == nil {
		return nil
	}
	comments := map[string]bool{}
	var collect func(n *yaml.Node)
	collect = func(n *yaml.Node) {
		for _, text := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(text) {
				comments[strings.TrimSpace(line)] = true
			}
		}
		for _, child := range n.Content {
			collect(child)
		}
	}
	collect(root)
	t := newText(withoutBOM(f.data))
	for i := range t.lines() {
		_, comment, _ := strings.Cut(" "+t.line(i+1), " #")
		if comment = strings.TrimSpace("#" + comment); comments[comment] && s.MarkedText(mask(comment)) != comment {
			found = append(found, plan.Suspect{
				Key: plan.Key{Namespace: f.unit.namespace, Config: f.unit.config}, Path: plan.Path{plan.Name("comment")}, Position: f.position(i + 1),
			})
		}
	}
	return found
}

// chosen are leaves of a file that something is done with.
type chosen struct {
	leaves []leaf
	names  []string
}

// chosen returns the leaves that fields name, or without any those that
// otherwise takes. Only those count that ok takes.
func (f File) chosen(c *cipher, fields []FieldPattern, otherwise, ok func(d *draft) bool) (chosen, error) {
	var all chosen
	nodes := c.leaves()
	taken := map[*yaml.Node]bool{}
	matched := make([]bool, len(fields))
	c.have.each(nil, func(levels []string, d *draft) {
		take := len(fields) == 0 && otherwise(d)
		for i, p := range fields {
			if f.unit.matches(p, levels) {
				take, matched[i] = true, true
			}
		}
		l, known := nodes[d.at()]
		if !take || !known || !ok(d) || taken[l.node] {
			return
		}
		taken[l.node], l.value = true, d.Node
		all.leaves = append(all.leaves, l)
		all.names = append(all.names, strings.Join(levels, "/"))
	})
	for i, p := range fields {
		if !matched[i] {
			var names []string
			c.have.each(nil, func(levels []string, _ *draft) { names = append(names, f.unit.nameFor(p, levels)) })
			return all, plan.Finding{
				Position: plan.Position{File: f.unit.shown},
				Message:  fmt.Sprintf("there is no field %s in this file", plan.Quote(p.String())),
				Hint:     p.Form() + meant(plan.Closest(p.String(), names)),
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
func (f File) Decrypt(fields []FieldPattern, decrypt func(armored string) (string, error)) (*Ciphered, error) {
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
		return nil, fmt.Errorf("%s was not changed: it would not have the same values after encryption (please report this)", plan.Printable(f.unit.shown))
	}
	return &Ciphered{Revised: f.revised(after), Fields: chosen.names}, nil
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
		return nil, errors.Join(fmt.Errorf("%s was not changed: it would not have the same values after the change (please report this)", plan.Printable(f.unit.shown)), err)
	}
	return &Ciphered{Revised: f.revised(content), Fields: chosen.names}, nil
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
