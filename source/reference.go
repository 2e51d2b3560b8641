package source

import (
	"errors"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/source/within"
)

// References say what is done with the references of a tree: !env NAME, !file
// PATH and !age, and files that are encrypted by SOPS. The zero References have
// each be an error.
type References struct {
	// Resolver finds what they stand for.
	Resolver *secret.Resolver
	// Unresolved leaves it unknown what they stand for: it is only checked that
	// they are well formed. Such a tree is of no use to a target. If there is a Resolver
	// too, what it knows already is known.
	Unresolved bool
	// Within are the folders that links in the tree may lead into, beside the
	// tree's own; with any, the tree itself must be in one of them.
	Within []string
	// Hides has the project's sensitive patterns: excerpts don't show what they name.
	Hides plan.Sensitivity

	bounds *within.Bounds // of the tree that is being read
	hidden *hiddenTexts   // is told what references stand for; may be nil
}

// of returns the References of a tree: its files are in its folder, or links lead to
// them in the folders within.
func (r References) of(dir string) References {
	r.bounds = within.New(append([]string{dir}, r.Within...)...)
	return r
}

// unresolved returns the References that leave it unknown what references stand for.
func (r References) unresolved() References { return References{Unresolved: true, Hides: r.Hides} }

// open opens a file of the tree, or without a tree a file that the operator names.
func (r References) open(path string) (*os.File, error) {
	if r.bounds == nil {
		return within.Named(path, r.Within...)
	}
	return r.bounds.Open(path)
}

// The tags of references. What follows a colon says of what type the value is,
// if it is not the text itself.
const (
	tagEnv  = "!env"
	tagFile = "!file"
	tagAge  = "!age"
)

// reference is a value that says where the value is.
type reference struct {
	tag  string // of the three
	kind string // after the colon, or empty
	text string
}

// referenceOf returns the reference that a node is, if it is one.
func referenceOf(n *yaml.Node) (reference, bool) {
	if n.Style&yaml.TaggedStyle == 0 {
		return reference{}, false
	}
	tag, kind, _ := strings.Cut(n.Tag, ":")
	switch tag {
	case tagEnv, tagFile, tagAge:
		return reference{tag: tag, kind: kind, text: n.Value}, true
	}
	return reference{}, false
}

func isReference(n *yaml.Node) bool {
	_, ok := referenceOf(n)
	return ok
}

// unknown begins the text of what a reference stands for while that is not known.
// No text of a file begins so.
const unknown = "\x00"

// IsUnknown reports whether a value of a tree that was loaded without its references stands
// for one of them.
func IsUnknown(n plan.Node) bool { return isUnknown(n) }

func isUnknown(n plan.Node) bool {
	return n.Kind == plan.String && strings.HasPrefix(n.Text, unknown) ||
		n.Kind == plan.Object && len(n.Fields) == 1 && strings.HasPrefix(n.Fields[0].Name, unknown)
}

// look returns what a reference stands for.
func (d *document) look(n *yaml.Node, r reference) (plan.Node, *problem) {
	if p := r.malformed(n); p != nil {
		return plan.Node{}, p
	}
	if d.references.Unresolved {
		if resolver := d.references.Resolver; resolver != nil && r.tag == tagAge {
			if text, ok := resolver.Known(r.text); ok {
				return r.typed(text)
			}
		}
		return plan.Node{Kind: plan.String, Text: unknown + n.Tag + " " + r.text}, nil
	}
	resolver := d.references.Resolver
	if resolver == nil {
		return plan.Node{}, &problem{"references can't be used here", "write the value itself"}
	}
	var text string
	var err error
	switch r.tag {
	case tagEnv:
		text, err = resolver.Env(r.text)
	case tagFile:
		text, err = resolver.File(d.path, r.text)
	default:
		text, err = resolver.Age(r.text)
	}
	if err != nil {
		return plan.Node{}, problemOf(err)
	}
	d.references.hidden.add(plan.Node{Kind: plan.String, Text: text})
	v, p := r.typed(text)
	if p == nil {
		d.references.hidden.add(v)
	}
	return v, p
}

// problemOf returns what is said of an error of a resolver.
func problemOf(err error) *problem {
	var failed *secret.Error
	if errors.As(err, &failed) {
		return &problem{failed.Message, failed.Hint}
	}
	return &problem{err.Error(), ""}
}

// malformed returns what is wrong with how a reference is written, or nil.
func (r reference) malformed(n *yaml.Node) *problem {
	takes := map[string]string{
		tagEnv:  "the name of an environment variable",
		tagFile: "the path of a file",
		tagAge:  "a text encrypted with age",
	}[r.tag]
	switch {
	case n.Kind != yaml.ScalarNode || strings.TrimSpace(r.text) == "":
		return &problem{n.Tag + " needs " + takes, map[string]string{
			tagEnv: "write " + n.Tag + " NAME", tagFile: "write " + n.Tag + " PATH", tagAge: `run "confo-sync encrypt FILE FIELD" to create one`,
		}[r.tag]}
	case strings.Contains(n.Tag, ":") && !r.isKnown():
		return &problem{"the tag " + plan.Printable(n.Tag) + " is unknown", "use :int, :float, :bool or :json for a type other than string"}
	}
	return nil
}

func (r reference) isKnown() bool {
	switch r.kind {
	case "int", "float", "bool", "json":
		return true
	case "yaml":
		return r.tag == tagAge
	}
	return false
}

// typed returns the value that a text is. What it says of a text that is none
// does not quote it.
func (r reference) typed(text string) (plan.Node, *problem) {
	wrong := func(what string) *problem {
		return &problem{"the value of this " + r.tag + " is not " + what, "correct the value at its source, or remove :" + r.kind + " if it is a string"}
	}
	switch r.kind {
	case "":
		return plan.Node{Kind: plan.String, Text: text}, nil
	case "json":
		n, err := plan.Decode([]byte(text))
		if err != nil {
			return plan.Node{}, wrong("JSON")
		}
		return n, nil
	case "yaml":
		n, ok := parseFragment(text)
		if !ok {
			return plan.Node{}, wrong("YAML")
		}
		return n, nil
	}
	tag := map[string]string{"int": "!!int", "float": "!!float", "bool": "!!bool"}[r.kind]
	v := resolveTagged(tag, strings.TrimSpace(text))
	if v.problem != nil {
		return plan.Node{}, wrong(map[string]string{"int": "an integer", "float": "a number", "bool": "true or false"}[r.kind])
	}
	return v.node(), nil
}

// parseFragment reads a value as it stands in a YAML file, after blanks for as
// far as what it stands in is indented.
func parseFragment(text string) (plan.Node, bool) {
	value := strings.TrimLeft(text, " ")
	indent := text[:len(text)-len(value)]
	if value != "" && !isBlock(value) { // whose end counts
		value += "\n"
	}
	d := unit{config: "fragment"}.document([]byte(indent + "value: " + value))
	d.parseYAML()
	if slices.ContainsFunc(d.notes, func(n note) bool { return !n.warning }) || len(d.ends) == 0 {
		return plan.Node{}, false
	}
	n, err := plan.Decode(d.encoded)
	if err != nil || len(n.Fields) != 1 {
		return plan.Node{}, false
	}
	return n.Fields[0].Value, true
}

// reference converts what a reference stands for. It is sensitive, wherever it
// comes from.
func (c *converter) reference(n *yaml.Node, r reference) plan.Kind {
	c.sensitive = append(c.sensitive, slices.Clone(c.path))
	v, p := c.doc.look(n, r)
	if p != nil {
		c.problem(n, p)
		return plan.Null
	}
	if len(c.path) == 0 && isUnknown(v) && (r.kind == "json" || r.kind == "yaml") {
		v = plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: v.Text}}} // as a configuration must be
	}
	c.doc.encoded = plan.AppendJSON(c.doc.encoded, v)
	return v.Kind
}
