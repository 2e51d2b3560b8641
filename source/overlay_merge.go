package source

import (
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// merger lays the values of one configuration over those below.
type merger struct {
	*stack
	key       plan.Key
	over      plan.Config
	marks     layerMarks
	origins   plan.Origins
	sensitive []plan.Path
	changed   bool
}

// mark returns what an overlay does at a path, and where.
func (m *merger) mark(path plan.Path) (mark layerMark, ok bool) {
	if len(path) > plan.MaxCompared && !m.deep {
		return mark, false
	}
	mark, ok = m.marks[path.String()]
	return mark, ok
}

func (m *merger) tag(path plan.Path) string {
	mark, _ := m.mark(path)
	return mark.tag
}

func (m *merger) position(path plan.Path) plan.Position {
	if mark, ok := m.mark(path); ok {
		return plan.Position{File: m.over.Position.File, Line: int32(mark.line), Column: int32(mark.column)}
	}
	return m.over.Position
}

// removeHere returns the step after an overlay's value that does nothing.
func (m *merger) removeHere(path plan.Path) string {
	return "remove it from " + plan.Printable(m.position(path).File)
}

// merge returns what a value becomes when another is laid over it, and whether
// it stays. Mappings merge; everything else replaces.
func (m *merger) merge(path plan.Path, base *plan.Node, over plan.Node) (merged plan.Node, stays bool) {
	switch m.tag(path) {
	case tagDelete:
		m.delete(path, base)
		return plan.Node{}, false
	case tagAppend, tagPrepend:
		return m.extend(path, base, over), true
	case tagReplace:
		base = m.replaced(path, base)
	}
	switch {
	case over.Kind == plan.Object && base != nil && base.Kind == plan.Object:
		if len(over.Fields) == 0 {
			m.warn(m.key, m.position(path), fmt.Sprintf("this empty mapping does not change %s at %s", m.name(path), m.origin(path)), m.removeHere(path)+", or write !replace {} to empty it")
		}
		return m.mapping(path, *base, over), true
	case base == nil:
		m.decide(path, base, over)
		if over.Kind == plan.Object {
			return m.mapping(path, plan.Node{Kind: plan.Object}, over), true
		}
		return over, true
	case isUnknown(*base) || isUnknown(over):
	case base.Equal(over):
		m.warn(m.key, m.position(path), fmt.Sprintf("this does not change %s, which has the same value at %s", m.name(path), m.origin(path)), m.removeHere(path))
		return *base, true
	case typeOf(base.Kind) != typeOf(over.Kind):
		m.warn(m.key, m.position(path), fmt.Sprintf("%s becomes %s here, but is %s at %s", m.name(path), oneOf(over.Kind), oneOf(base.Kind), m.origin(path)), "check which type is right")
	}
	m.decide(path, base, over)
	if over.Kind == plan.Object {
		return m.mapping(path, plan.Node{Kind: plan.Object}, over), true
	}
	return over, true
}

// typeOf takes the kinds of numbers for one.
func typeOf(k plan.Kind) plan.Kind {
	if k == plan.Float {
		return plan.Integer
	}
	return k
}

// name is what a path is called in a message.
func (m *merger) name(path plan.Path) string {
	if len(path) == 0 {
		return "the configuration"
	}
	return plan.Printable(path.String())
}

// origin returns where the value below comes from.
func (m *merger) origin(path plan.Path) string {
	if position, ok := m.origins.Of(path); ok {
		position.Column = 0
		return position.String()
	}
	return "another file"
}

func (m *merger) mapping(path plan.Path, base, over plan.Node) plan.Node {
	m.warnNewFields(path, base, over)
	merged := plan.Node{Kind: plan.Object, Fields: slices.Clone(base.Fields)}
	there := base.Index()
	gone := map[string]bool{}
	for _, f := range over.Fields {
		value, stays := m.merge(append(path, plan.Name(f.Name)), there.Find(f.Name), f.Value)
		switch i := there.At(f.Name); {
		case !stays:
			gone[f.Name] = true
		case i >= 0:
			merged.Fields[i].Value = value
		default:
			merged.Fields = append(merged.Fields, plan.Field{Name: f.Name, Value: value})
		}
	}
	if len(gone) > 0 {
		merged.Fields = slices.DeleteFunc(merged.Fields, func(f plan.Field) bool { return gone[f.Name] })
	}
	return merged
}

func (m *merger) delete(path plan.Path, base *plan.Node) {
	if base == nil {
		what := m.name(path)
		if len(path) == 0 {
			what = "the configuration " + plan.Quote(m.key.Config)
		}
		m.warn(m.key, m.position(path), "!delete of an object that does not exist: "+what, "check its name, or "+m.removeHere(path))
		return
	}
	m.forget(path, base)
	m.changed = true
	m.deleted(m.key, path, m.position(path))
}

// replaced forgets what is below a mapping that is replaced whole.
func (m *merger) replaced(path plan.Path, base *plan.Node) *plan.Node {
	if base == nil {
		m.warn(m.key, m.position(path), "!replace of an object that does not exist: "+m.name(path), "check its name, or remove the tag")
	}
	m.forget(path, base)
	return nil
}

// extend adds elements to a list.
func (m *merger) extend(path plan.Path, base *plan.Node, over plan.Node) plan.Node {
	tag := m.tag(path)
	switch {
	case base == nil:
		m.warn(m.key, m.position(path), tag+" to a list that does not exist: "+m.name(path), "check its name, or remove the tag")
		m.decide(path, base, over)
		return over
	case base.Kind != plan.List:
		m.findings.Errors = append(m.findings.Errors, plan.Finding{
			Key: m.key, Position: m.position(path),
			Message: fmt.Sprintf("%s to %s, which is %s at %s", tag, m.name(path), oneOf(base.Kind), m.origin(path)),
			Hint:    "add to a list, or remove the tag to replace it",
			Excerpt: m.excerpt(m.key, m.position(path)),
		})
		return over
	case len(over.Items) == 0:
		m.warn(m.key, m.position(path), tag+" of an empty list changes nothing", m.removeHere(path))
	}
	kept := m.take(path, base.Items)
	m.decide(path, base, over)
	added := m.take(path, over.Items)
	if tag == tagPrepend {
		m.place(path, slices.Concat(added, kept))
		return plan.Node{Kind: plan.List, Items: slices.Concat(over.Items, base.Items)}
	}
	m.place(path, slices.Concat(kept, added))
	return plan.Node{Kind: plan.List, Items: slices.Concat(base.Items, over.Items)}
}

// take returns the origins of a list's elements, each by the path below it, and
// forgets them.
func (m *merger) take(path plan.Path, items []plan.Node) []plan.Origins {
	taken := make([]plan.Origins, len(items))
	for i, item := range items {
		taken[i] = plan.Origins{}
		at := path.With(plan.Item(i))
		prefix := len(at.String())
		item.Walk(at, func(path plan.Path, _ plan.Node) {
			if len(path) > plan.MaxCompared {
				return
			}
			if p := path.String(); m.has(p) {
				taken[i][p[prefix:]] = m.origins[p]
				delete(m.origins, p)
			}
		})
	}
	return taken
}

func (m *merger) has(path string) bool {
	_, ok := m.origins[path]
	return ok
}

// place gives a list's elements their origins again, where they stand now.
func (m *merger) place(path plan.Path, items []plan.Origins) {
	for i, origins := range items {
		prefix := path.With(plan.Item(i)).String()
		for p, position := range origins {
			m.origins[prefix+p] = position
		}
	}
}

// decide says that the overlay decides the value at a path, and all below it. base
// is what was there, or nil.
func (m *merger) decide(path plan.Path, base *plan.Node, over plan.Node) {
	m.forget(path, base)
	m.changed = true
	over.Walk(path, func(below plan.Path, _ plan.Node) {
		if len(below) > plan.MaxCompared {
			return
		}
		text := below.String()
		if mark, ok := m.marks[text]; ok && mark.tag != tagDelete && len(below) > len(path) {
			m.origins[text] = plan.Position{File: m.over.Position.File, Line: int32(mark.line), Column: int32(mark.column)}
		}
	})
	if len(path) <= plan.MaxCompared {
		m.origins[path.String()] = m.position(path)
	}
}

// forget forgets where what is at a path came from, and below it. base is what is
// there, or nil.
func (m *merger) forget(path plan.Path, base *plan.Node) {
	if len(path) > plan.MaxCompared {
		return // there are none
	}
	delete(m.origins, path.String())
	if base != nil {
		base.Walk(path, func(below plan.Path, _ plan.Node) {
			if len(below) <= plan.MaxCompared {
				delete(m.origins, below.String())
			}
		})
	}
}
