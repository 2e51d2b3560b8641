package source

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// sealer encrypts values that take the place of others that are encrypted with age.
type sealer struct {
	encrypt func(text string) (armored string, err error)
	decrypt func(armored string) (text string, err error)
	// old are the drafts in whose place new ones were made.
	old map[*draft]*draft
}

// newSealer returns nil if nothing can be encrypted, or not read again.
func newSealer(opts ReviseOptions) *sealer {
	if opts.Encrypt == nil || opts.References.Resolver == nil {
		return nil
	}
	return &sealer{encrypt: opts.Encrypt, decrypt: opts.References.Resolver.Age, old: map[*draft]*draft{}}
}

// seal returns a value encrypted to take the place of an old one. It returns nil if the
// old one is not encrypted with age, or the new one could not be decrypted here.
func (s *sealer) seal(old *draft, want *plan.Node) *draft {
	if s == nil || want == nil || !isAge(old) || isUnknown(old.value()) {
		return nil
	}
	r, _ := referenceOf(old.at())
	tag, text := sealedForm(r, *want)
	armored, err := s.encrypt(text)
	if err != nil {
		return nil
	}
	if again, err := s.decrypt(armored); err != nil || again != text {
		return nil
	}
	d := draftOf(*want)
	d.fixed = true
	d.node = &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.TaggedStyle | yaml.LiteralStyle, Tag: tag, Value: strings.TrimRight(armored, "\n") + "\n"}
	s.old[d] = old
	return d
}

// original returns the draft in whose place d was made, or else d.
func (s *sealer) original(d *draft) *draft {
	if s != nil && s.old[d] != nil {
		return s.old[d]
	}
	return d
}

// made returns the drafts that were made.
func (s *sealer) made() (all []*draft) {
	if s != nil {
		for d := range s.old {
			all = append(all, d)
		}
	}
	return all
}

// sealedForm returns the tag of an encrypted value, and the text to encrypt: of another
// type than before it is JSON.
func sealedForm(old reference, n plan.Node) (tag, text string) {
	kinds := map[string]plan.Kind{"int": plan.Integer, "float": plan.Float, "bool": plan.Bool}
	if n.Kind == plan.String && !plan.HasLoneSurrogate(n.Text) {
		return tagAge, n.Text
	}
	text = string(plan.AppendJSON(nil, n))
	if kind, ok := kinds[old.kind]; ok && kind == n.Kind {
		asOld := reference{tag: tagAge, kind: old.kind}
		if v, p := asOld.typed(text); p == nil && v.Equal(n) {
			return tagAge + ":" + old.kind, text
		}
	}
	return tagAge + ":json", text
}
