package render

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/confo-sync/confo-sync/plan"
)

// Changes are the changes of a plan. Each is masked only when it is written, so that a
// large plan needs no additional memory.
type Changes struct {
	plan   []plan.Change
	masker *masker
	saved  []Change // set instead of plan if the report was loaded from a file
}

// Len returns the number of changes.
func (c Changes) Len() int { return len(c.plan) + len(c.saved) }

// IsZero reports whether there are no changes. encoding/json uses it for omitzero.
func (c Changes) IsZero() bool { return c.Len() == 0 }

// All returns the masked changes.
func (c Changes) All() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for i := range c.saved {
			if !yield(c.saved[i]) {
				return
			}
		}
		for i := range c.plan {
			if !yield(c.masker.change(c.plan[i])) {
				return
			}
		}
	}
}

// Index returns the changes without their edits, which is much faster than All.
func (c Changes) Index() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for i := range c.saved {
			if !yield(c.saved[i]) {
				return
			}
		}
		for i := range c.plan {
			if !yield(heading(c.plan[i])) {
				return
			}
		}
	}
}

func heading(c plan.Change) Change {
	change := Change{Object: object(c.Key), Action: c.Action.String(), Source: source(c.Position)}
	if c.New.Access != nil && !(c.Recorded && asConfoMakes(c.New.Access)) {
		change.Access = c.New.Access.Shown()
	}
	return change
}

// asConfoMakes reports whether an ACL is the one that Confo sets. Reports of a restore
// omit it.
func asConfoMakes(shown []string) bool { return slices.Equal(shown, []string{"world:anyone:cdrwa"}) }

// Value is a JSON value in a report. A sensitive leaf holds a text such as "(sensitive
// #1)" instead of its value.
type Value struct {
	node  plan.Node
	saved bool // encode as in a saved report
}

// masker replaces sensitive values by numbers. In one report, equal values have the
// same number.
type masker struct {
	plan.Sensitivity
	show    bool // mask nothing
	numbers map[string]int
}

func (m *masker) change(c plan.Change) Change {
	change := heading(c)
	edits, unchanged := c.Edits(m.Sensitivity)
	change.Edits, change.UnchangedFields = m.edits(edits), unchanged
	for i, e := range edits {
		// The object has its own place. Only values from another file need one.
		if p, ok := c.Origins.Of(e.Path); ok && e.After != nil && p.File != c.Position.File {
			change.Edits[i].Source = source(p)
		}
	}
	return change
}

func (m *masker) edits(edits []plan.Edit) []Edit {
	shown := make([]Edit, 0, len(edits))
	for _, e := range edits {
		edit := Edit{
			Path: Path{e.Path}, Name: e.Path.String(), Action: e.Kind.String(),
			Before: m.value(e.Before), After: m.value(e.After),
			Note: note(e), Sensitive: e.Sensitive(), Unreadable: e.Unreadable, Stored: m.value(e.Stored),
		}
		if e.Kind == plan.Move {
			edit.To = &e.To
		}
		if e.Inner != nil {
			edit.Inner, edit.InnerUnchanged = m.edits(e.Inner.Edits), e.Inner.Unchanged
		}
		shown = append(shown, edit)
	}
	return shown
}

const noteSameJSON = "the same JSON, written differently"

// note describes a difference that is hard to see in an edit.
func note(e plan.Edit) string {
	switch {
	case e.Kind != plan.Replace || e.Before == nil || e.After == nil:
		return ""
	case e.Inner != nil && len(e.Inner.Edits) == 0:
		return noteSameJSON
	case e.Before.Kind != e.After.Kind:
		return fmt.Sprintf("%s -> %s", e.Before.Kind, e.After.Kind)
	case e.Before.Kind == plan.String && withoutSpace(e.Before.Text) == withoutSpace(e.After.Text):
		return "only white space differs"
	}
	return ""
}

func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// Masker masks values outside a report.
type Masker struct{ m masker }

// NewMasker returns a masker for the values that s marks. If show is true, it masks
// nothing.
func NewMasker(s plan.Sensitivity, show bool) *Masker {
	return &Masker{masker{Sensitivity: s, show: show, numbers: map[string]int{}}}
}

// Value returns a configuration's value, masked. It returns an error if the value can't
// be parsed.
func (m *Masker) Value(k plan.Key, v plan.Value) (plan.Node, error) {
	n, err := m.m.Parse(k, v)
	if err != nil {
		return n, err
	}
	return m.m.mask(n), nil
}

// NewValue returns the report's form of a value that is already masked.
func NewValue(n plan.Node) *Value { return &Value{node: n} }

func (m *masker) value(n *plan.Node) *Value {
	if n == nil {
		return nil
	}
	return &Value{node: m.mask(*n)}
}

func (m *masker) mask(n plan.Node) plan.Node {
	switch {
	case n.Sensitive && m.show:
		n.Sensitive = false
	case n.Sensitive && n.JSON() != nil:
		return plan.Node{Kind: plan.String, Text: string(plan.AppendJSON(nil, m.mask(*n.JSON())))}
	case n.Sensitive && n.Secrets() != nil:
		return plan.Node{Kind: plan.String, Text: m.maskParts(n.Text, n.Secrets())}
	case n.Sensitive:
		return plan.Node{Kind: plan.String, Sensitive: true, Text: m.number(n)}
	case n.Kind == plan.List:
		items := make([]plan.Node, len(n.Items))
		for i := range n.Items {
			items[i] = m.mask(n.Items[i])
		}
		n.Items = items
	case n.Kind == plan.Object:
		fields := make([]plan.Field, len(n.Fields))
		for i, f := range n.Fields {
			fields[i] = plan.Field{Name: f.Name, Value: m.mask(f.Value)}
		}
		n.Fields = fields
	}
	return n
}

func (m *masker) maskParts(text string, parts []plan.Span) string {
	var b strings.Builder
	from := 0
	for _, p := range parts {
		b.WriteString(text[from:p.From])
		b.WriteString(m.number(plan.Node{Kind: plan.String, Text: text[p.From:p.To]}))
		from = p.To
	}
	b.WriteString(text[from:])
	return b.String()
}

// number returns the text that replaces a sensitive value.
func (m *masker) number(n plan.Node) string {
	canonical := n.Canonical()
	if m.numbers[canonical] == 0 {
		m.numbers[canonical] = len(m.numbers) + 1
	}
	return fmt.Sprintf("(sensitive #%d)", m.numbers[canonical])
}
