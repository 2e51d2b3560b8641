package render

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// namespaceView is the heading of a namespace's changes.
type namespaceView struct {
	Namespace
	words
	ID  template.URL
	Did string // the change to the namespace itself
}

func newNamespace(n Namespace, w words) namespaceView {
	id := anchor("namespace", n.Name)
	n.Name = plan.Printable(n.Name)
	return namespaceView{n, w, id, w.To.of(n.Action)}
}

// anchor returns a unique id that links can use without escaping: change/shop/limits.
// Other bytes in a name are written as ~2f.
func anchor(what string, names ...string) template.URL {
	id := []byte(what)
	for _, name := range names {
		id = append(id, '/')
		for i := range len(name) {
			if c := name[i]; 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._", c) >= 0 {
				id = append(id, c)
			} else {
				id = fmt.Appendf(id, "~%02x", c)
			}
		}
	}
	return template.URL(id)
}

// changeView is a change for the template.
type changeView struct {
	ID                    template.URL
	Action, Symbol, Place string
	Verb                  string
	Within, Name          string // "shop/" and "limits", or only "shop"
	IsNamespace           bool
	Edits                 []editView
	Unchanged             string
	Access                string // the ACL that it is created with
}

func newChange(c Change, w words) changeView {
	v := changeView{Action: c.Action, Verb: w.Verbs.of(c.Action), Symbol: symbols[c.Action], Edits: newEdits(c.Edits)}
	v.ID, v.Name, v.IsNamespace = anchor("change", c.Namespace), plan.Printable(c.Namespace), true
	if c.Configuration != nil {
		v.ID, v.Within, v.Name = anchor("change", c.Namespace, *c.Configuration), v.Name+"/", plan.Printable(*c.Configuration)
		v.IsNamespace = false
	}
	if c.Source != nil {
		v.Place = Place(c.Source)
	}
	if c.Access != nil {
		v.Access = plan.Printable(strings.Join(c.Access, ", "))
	}
	if c.UnchangedFields > 0 {
		v.Unchanged = plural(c.UnchangedFields, "unchanged field")
	}
	return v
}

var symbols = map[string]string{"create": "+", "update": "~", "delete": "−"}

// editView is an edit for the template, with its values or their different lines.
type editView struct {
	Action, Name, Note, Place string

	Before, After *valueView
	Long          bool // the values need separate lines
	Hunks         []hunk

	Inner          []editView
	InnerUnchanged string
}

func newEdits(edits []Edit) []editView {
	views := make([]editView, len(edits))
	for i, e := range edits {
		views[i] = newEdit(e)
	}
	return views
}

func newEdit(e Edit) editView {
	v := editView{
		Action: e.Action, Name: plan.Printable(e.Name), Note: plan.Printable(e.Note),
		Inner: newEdits(e.Inner),
	}
	if e.Source != nil {
		v.Place = Place(e.Source)
	}
	if e.InnerUnchanged > 0 {
		v.InnerUnchanged = plural(e.InnerUnchanged, "unchanged field")
	}
	if e.To != nil && len(e.Path.Path) > 0 {
		from := e.Path.Path[len(e.Path.Path)-1].Index()
		v.Note = strings.TrimPrefix(fmt.Sprintf("%s, from [%d] to [%d]", v.Note, from, *e.To), ", ")
	}
	switch {
	case e.Unreadable != "":
		v.unreadable(e)
	case e.Action == "move":
		if e.After != nil && fitsInline(e.After.node) { // the value identifies the element, because it has no name
			v.After = newWhole(e.After)
		}
	case e.Before == nil || e.After == nil:
		v.Before, v.After = newWhole(e.Before), newWhole(e.After)
	default:
		v.compare(e.Before.node, e.After.node)
	}
	v.Long = v.Before.isLong() || v.After.isLong()
	return v
}

// unreadable shows the reason in the place of an unreadable value.
func (v *editView) unreadable(e Edit) {
	why := &valueView{Parts: []part{{"cut", "(" + plan.Printable(e.Unreadable) + ")"}}}
	if e.Stored != nil {
		why.Parts = append(why.Parts, part{"", " "})
		why.Parts = append(why.Parts, newValue(e.Stored.node).Parts...)
	}
	v.Before, v.After = newWhole(e.Before), newWhole(e.After)
	if v.Before == nil && e.Action != "add" {
		v.Before = why
	}
	if v.After == nil && (e.Action == "add" || v.Before != why) {
		v.After = why
	}
}

// compare shows the difference between two values.
func (v *editView) compare(before, after plan.Node) {
	switch {
	case !isString(before) || !isString(after):
		b, a := newValue(before), newValue(after)
		v.Before, v.After = &b, &a
	case isLongText(before) || isLongText(after):
		v.Hunks = hunks(before.Text, after.Text)
	default:
		b, a := diffWords(plan.Quote(before.Text), plan.Quote(after.Text))
		v.Before, v.After = &valueView{Parts: b}, &valueView{Parts: a}
	}
}

// valueView is a value for the template: the parts of one line, a text of several
// lines, or the values in it.
type valueView struct {
	Parts  []part
	Text   string
	Fields []fieldView
	Items  []valueView
}

type fieldView struct {
	Name  string
	Value valueView
}

// part is a piece of a line. Its kind is "del" or "ins" for a difference, "sensitive"
// for a masked value, "cut" for a remark about the value, and empty for the value
// itself.
type part struct{ Kind, Text string }

func newWhole(v *Value) *valueView {
	if v == nil {
		return nil
	}
	view := newValue(v.node)
	return &view
}

func newValue(n plan.Node) valueView {
	switch {
	case isLongText(n):
		return valueView{Text: printableText(n.Text)}
	case fitsInline(n):
		return valueView{Parts: inlineParts(nil, n)}
	}
	var v valueView
	for _, f := range n.Fields {
		v.Fields = append(v.Fields, fieldView{fieldName(f.Name), newValue(f.Value)})
	}
	for _, item := range n.Items {
		v.Items = append(v.Items, newValue(item))
	}
	return v
}

// inlineParts appends the parts of a value on one line.
func inlineParts(parts []part, n plan.Node) []part {
	switch {
	case n.Sensitive:
		return append(parts, part{"sensitive", plan.Printable(n.Text)})
	case n.Kind == plan.String:
		return appendCut(parts, "", plan.Quote(n.Text), maxValue)
	case n.Kind == plan.Object:
		return append(parts, part{"", "{}"})
	case n.Kind != plan.List:
		return append(parts, part{"", n.Text})
	}
	parts = append(parts, part{"", "["})
	for i, item := range n.Items {
		if i > 0 {
			parts = append(parts, part{"", ", "})
		}
		parts = inlineParts(parts, item)
	}
	return append(parts, part{"", "]"})
}

// maxInline is the largest number of characters of two values on one line.
const maxInline = 40

func (v *valueView) isLong() bool {
	if v == nil {
		return false
	}
	width := 0
	for _, p := range v.Parts {
		width += len(p.Text)
	}
	return width > maxInline || v.Text != "" || len(v.Fields)+len(v.Items) > 0
}
