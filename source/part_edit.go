package source

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// armorBegin begins what age makes of a value.
const armorBegin = "-----BEGIN AGE ENCRYPTED FILE-----"

// Edited is a file with an edited part in it.
type Edited struct {
	Revised
	Encrypted int // values that were encrypted, because they are new or have changed
}

// With returns the file with an edited text in the place of the part. Values after an
// !age tag are encrypted, and so are those that take the place of encrypted ones. Values
// that did not change stay as they are in the file, to the byte. Errors in the text are
// Errors, with their places in a file that holds the text.
func (p *Part) With(text, config string, encrypt func(text string) (string, error)) (*Edited, error) {
	if p.file.unit.json {
		return p.withJSON(text, config)
	}
	c, err := p.file.unit.cipher(p.around(text))
	if err != nil {
		return nil, err
	}
	s := partSealer{Part: p, cipher: c, encrypt: encrypt, texts: map[string]string{}, until: len(c.data) - (len(withoutBOM(p.file.data)) - p.to)}
	if err := s.seal(); err != nil {
		return nil, err
	}
	after, err := c.apply(c.direct)
	if err != nil {
		return nil, err
	}
	if found := p.errorsIn(after); len(found) > 0 {
		return nil, Errors(found)
	}
	if err := s.check(after); err != nil {
		return nil, err
	}
	if err := p.checkScope(after, config); err != nil {
		return nil, err
	}
	return &Edited{Revised: p.file.revised(after), Encrypted: s.encrypted}, nil
}

// around returns the file with a text in the place of the part.
func (p *Part) around(text string) []byte {
	data := withoutBOM(p.file.data)
	text = reindent(strings.ReplaceAll(text, "\r\n", "\n"), p.indent)
	if text != "" && !strings.HasSuffix(text, "\n") && p.to < len(data) {
		text += "\n"
	}
	if p.breaks != "\n" {
		text = strings.ReplaceAll(text, "\n", p.breaks)
	}
	prefix := p.file.data[:len(p.file.data)-len(data)]
	return slices.Concat(prefix, data[:p.from], []byte(text), data[p.to:])
}

func (p *Part) withJSON(text, config string) (*Edited, error) {
	after := []byte(text)
	if found := p.errorsIn(after); len(found) > 0 {
		return nil, Errors(found)
	}
	next := p.file
	next.data = after
	if declares, err := next.declares(config); p.file.unit.config == "" && (err != nil || !declares) {
		return nil, p.undeclared(config)
	}
	return &Edited{Revised: p.file.revised(after)}, nil
}

// errorsIn returns the errors that the file would have. References are not resolved.
func (p *Part) errorsIn(data []byte) []plan.Finding {
	u := p.file.unit
	u.references = u.references.unresolved()
	if p.Overlay {
		return u.check(data)
	}
	return u.parseWhole(data).findings.Errors
}

// finding is what is wrong with the edited text as a whole.
func (p *Part) finding(message, hint string) Errors {
	return Errors{{Position: plan.Position{File: p.file.unit.shown, Line: int32(p.Line), Column: 1}, Message: message, Hint: hint}}
}

func (p *Part) undeclared(config string) error {
	return p.finding("the text does not declare the configuration "+plan.Quote(config)+" any more", "keep its name; to remove a configuration, edit the file by hand")
}

// checkScope checks that the text declares the configuration, and nothing else changes.
func (p *Part) checkScope(after []byte, config string) error {
	if p.file.unit.config != "" {
		return nil
	}
	c, err := p.file.unit.cipher(after)
	if err != nil {
		return err
	}
	before, err := p.file.unit.cipher(p.file.data)
	if err != nil {
		return err
	}
	if c.have.field(config) == nil {
		return p.undeclared(config)
	}
	for _, f := range c.have.fields {
		if old := before.have.field(f.name); f.name != config && (old == nil || !old.equal(f.value)) {
			return p.finding("the text changes the configuration "+plan.Quote(f.name)+" too", "edit only "+plan.Printable(config)+" here")
		}
	}
	for _, f := range before.have.fields {
		if c.have.field(f.name) == nil {
			return p.finding("the text removes the configuration "+plan.Quote(f.name), "edit only "+plan.Printable(config)+" here")
		}
	}
	return nil
}

// partSealer encrypts what an edited text has in plain text.
type partSealer struct {
	*Part
	*cipher
	encrypt   func(text string) (string, error)
	texts     map[string]string // by what they were encrypted to
	until     int               // the end of the part
	paths     map[string]bool   // of values in the text that are to be encrypted
	encrypted int
	failed    Errors
}

func (s *partSealer) seal() error {
	nodes := s.leaves()
	done := map[*yaml.Node]bool{}
	secret := map[string]bool{}
	for value, all := range s.plain {
		for _, t := range all {
			secret[t.text] = true
		}
		if n, err := plan.Decode([]byte(value)); err == nil {
			secret[n.Text] = true // if it is written as YAML
		}
	}
	plain := map[string]leaf{}
	s.paths = map[string]bool{}
	s.have.each(nil, func(levels []string, d *draft) {
		if isAge(d) || s.wasSealed(levels) {
			s.paths[strings.Join(levels, "/")] = true
		}
	})
	var err error
	s.have.each(nil, func(levels []string, d *draft) {
		l, known := nodes[d.at()]
		if !known || done[l.node] || err != nil {
			return
		}
		done[l.node], l.value = true, d.Node
		at := s.begin(l.node)
		switch inside := at >= s.from && at < s.until; {
		case !inside:
		case isAge(d):
			if !strings.HasPrefix(strings.TrimSpace(l.node.Value), armorBegin) {
				err = s.leaf(l, strings.Join(levels, "/"), secret)
			}
		case d.fixed || d.Kind == plan.Null:
		case s.wasSealed(levels):
			secret[d.Text] = true
			err = s.leaf(l, strings.Join(levels, "/"), secret)
		default:
			plain[d.Text] = l
		}
	})
	for text, l := range plain {
		if err == nil && len(text) >= minSecret && secret[text] && !s.holds[text] {
			s.failed = append(s.failed, s.at(l.node, "this is the text of an encrypted value, and would be written in plain text", "write !age before it to encrypt it"))
		}
	}
	if err == nil && len(s.failed) > 0 {
		return s.failed
	}
	return err
}

// wasSealed reports whether a field was encrypted, or one that it is in.
func (s *partSealer) wasSealed(levels []string) bool {
	for n := range levels {
		if s.sealed[strings.Join(levels[:n+1], "/")] {
			return true
		}
	}
	return false
}

// leaf encrypts one value, or takes what it is encrypted to in the file.
func (s *partSealer) leaf(l leaf, path string, secret map[string]bool) error {
	at, err := s.standing(l)
	if err != nil {
		s.failed = append(s.failed, s.unfollowed(l.node))
		return nil
	}
	value, r := l.value, reference{}
	if tagged, ok := referenceOf(l.node); ok {
		r = tagged
		var wrong *problem
		if value, wrong = r.typed(l.node.Value); wrong != nil {
			s.failed = append(s.failed, s.at(l.node, wrong.message, wrong.hint))
			return nil
		}
	}
	tag, text := sealedForm(r, value)
	secret[text] = true
	if old := s.same(value, path); old != nil {
		s.keep(l, at, *old)
		return nil
	}
	armored, err := s.encrypt(text)
	if err != nil {
		return err
	}
	s.encrypted++
	s.texts[strings.TrimSpace(armored)] = text
	s.putArmored(l, at, tag, armored)
	return nil
}

// same returns what a value is encrypted to in the file: at its path, or at one that has
// no encrypted value any more. That two values are the same is not to be seen.
func (s *partSealer) same(value plan.Node, path string) *sealedText {
	all := s.plain[canonical(value)]
	for i, t := range all {
		if t.path == path {
			return &all[i]
		}
	}
	for i, t := range all {
		if !s.paths[t.path] {
			s.paths[t.path] = true
			return &all[i]
		}
	}
	return nil
}

// keep puts back what stands in the file.
func (s *partSealer) keep(l leaf, at standing, old sealedText) {
	s.texts[strings.TrimSpace(old.armored)] = old.text
	if l.indent != old.indent || l.flow != old.flow || at.needBreak || !l.flow && !strings.HasSuffix(old.rest, "\n") {
		s.putArmored(l, at, old.tag, old.armored)
		return
	}
	s.edit(splice{from: at.tag, to: at.to, text: old.head})
	if !l.flow {
		s.edit(splice{from: at.rest, to: at.restTo, text: old.rest, exact: true})
	}
}

// check checks that the file holds what the text says.
func (s *partSealer) check(after []byte) error {
	back, _, err := s.cipher.unit.decrypt(after, func(armored string) (string, bool, error) {
		text, ok := s.texts[strings.TrimSpace(armored)]
		return text, ok, nil
	})
	if err != nil {
		return err
	}
	now, err := s.cipher.unit.cipher(back)
	if err != nil {
		return err
	}
	if !s.have.opensTo(now.have) {
		return fmt.Errorf("%s would not read back as what was edited, so it is left as it is; please report this", plan.Printable(s.file.unit.shown))
	}
	return nil
}

// opensTo reports whether a draft with plain text after its !age tags says the same as
// one in which these values are decrypted.
func (d *draft) opensTo(now *draft) bool {
	switch {
	case isAge(d) && !strings.HasPrefix(strings.TrimSpace(d.at().Value), armorBegin):
		r, _ := referenceOf(d.at())
		v, wrong := r.typed(d.at().Value)
		return wrong == nil && !now.fixed && v.Equal(now.value())
	case d.fixed:
		return now.fixed && bytes.Equal([]byte(d.at().Value), []byte(now.at().Value))
	case d.tag != now.tag || d.Kind != now.Kind || len(d.fields) != len(now.fields) || len(d.items) != len(now.items):
		return false
	}
	for i, f := range d.fields {
		if f.name != now.fields[i].name || !f.value.opensTo(now.fields[i].value) {
			return false
		}
	}
	for i := range d.items {
		if !d.items[i].opensTo(now.items[i]) {
			return false
		}
	}
	return d.Kind == plan.Object || d.Kind == plan.List || d.Node.Equal(now.Node)
}
