package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// Overlay is a folder in the form of a tree that is laid over one.
type Overlay struct {
	Dir   string
	Shown string // as in LoadOptions
}

// stack is a tree on which overlays are laid, one after the other.
type stack struct {
	ctx      context.Context // of the one call of Load that it is for
	tree     *plan.Tree
	base     []unit
	findings *Findings
	sources  map[string]string // shown name to real path
	layers   map[plan.Key]*layer
	read     map[string]*layered // files of the base that were read again
}

func newStack(ctx context.Context, tree *plan.Tree, base []unit, findings *Findings, sources map[string]string) *stack {
	return &stack{
		ctx: ctx, tree: tree, base: base, findings: findings, sources: sources,
		layers: map[plan.Key]*layer{}, read: map[string]*layered{},
	}
}

// layer is a configuration with where each of its values comes from.
type layer struct {
	node      plan.Node
	origins   plan.Origins
	sensitive []plan.Path
}

// lay lays an overlay over what is there.
func (s *stack) lay(o Overlay, opts LoadOptions) {
	sel := opts.Selection
	w := walk(o.Dir, LoadOptions{Selection: sel, AllowEmpty: true, Shown: o.Shown, References: opts.References})
	s.add(w.findings)
	s.tree.Unread = append(s.tree.Unread, w.unread...)
	for _, declared := range w.folders {
		s.namespace(declared.Name, declared.Position)
	}
	for _, u := range w.units {
		s.sources[u.shown] = u.path
		p, l := u.parseLayered(s.ctx, true)
		s.add(p.findings)
		if len(p.findings.Errors) == 0 {
			s.unit(u, p, l, sel)
		}
	}
}

func (s *stack) add(f Findings) {
	s.findings.Errors = append(s.findings.Errors, f.Errors...)
	s.findings.Warnings = append(s.findings.Warnings, f.Warnings...)
}

// unit lays one file over what is there.
func (s *stack) unit(u unit, p parsed, l *layered, sel plan.Selection) {
	position := plan.Position{File: u.shown, Line: 1, Column: 1}
	if l.root != "" {
		s.drop(u.namespace, position, l.root)
		if l.root == tagDelete {
			return
		}
	}
	before := len(s.tree.Namespaces)
	ns := s.namespace(u.namespace, plan.Position{File: u.shown})
	if len(p.configs) == 0 && len(s.tree.Namespaces) == before && l.root == "" {
		s.warn(plan.Key{Namespace: u.namespace}, position, "an empty file adds nothing to the namespace", "drop it, or write !delete to remove the namespace")
	}
	for _, c := range p.configs {
		if sel.Config(u.namespace, c.Name) {
			s.config(ns, c, l.configs[c.Name])
		}
	}
}

// namespace returns the index of a namespace, which is made if it is not there.
func (s *stack) namespace(name string, position plan.Position) int {
	i, found := slices.BinarySearchFunc(s.tree.Namespaces, name, func(ns plan.Namespace, name string) int { return strings.Compare(ns.Name, name) })
	if !found {
		s.tree.Namespaces = slices.Insert(s.tree.Namespaces, i, plan.Namespace{Name: name, Position: position})
	}
	return i
}

// drop takes a whole namespace away.
func (s *stack) drop(name string, position plan.Position, tag string) {
	before := len(s.tree.Namespaces)
	s.tree.Namespaces = slices.DeleteFunc(s.tree.Namespaces, func(ns plan.Namespace) bool { return ns.Name == name })
	for key := range s.layers {
		if key.Namespace == name {
			delete(s.layers, key)
		}
	}
	if len(s.tree.Namespaces) == before {
		s.warn(plan.Key{Namespace: name}, position, tag+" of a namespace that is not there", "check its name, or drop the file")
	}
}

// config lays one configuration over what is there.
func (s *stack) config(ns int, over plan.Config, marks layerMarks) {
	namespace := &s.tree.Namespaces[ns]
	key := plan.Key{Namespace: namespace.Name, Config: over.Name}
	i, found := slices.BinarySearchFunc(namespace.Configs, over.Name, func(c plan.Config, name string) int { return strings.Compare(c.Name, name) })
	m := merger{stack: s, key: key, over: over, marks: marks}
	var base *plan.Node
	if found {
		below := s.layer(key, namespace.Configs[i])
		m.below, m.origins, m.sensitive = below, below.origins, below.sensitive
		base = &below.node
	} else {
		m.origins = plan.Origins{}
	}
	node, err := over.Value.Parse()
	if err != nil {
		panic(fmt.Sprintf("what was just encoded can't be decoded: %v", err))
	}
	m.sensitive = append(m.sensitive[:len(m.sensitive):len(m.sensitive)], over.Value.SensitivePaths()...)
	merged, stays := m.merge(nil, base, node)
	switch {
	case !stays && found:
		namespace.Configs = slices.Delete(namespace.Configs, i, i+1)
		delete(s.layers, key)
		return
	case !stays:
		return
	case !found:
		namespace.Configs = slices.Insert(namespace.Configs, i, plan.Config{Name: over.Name, Position: over.Position})
	}
	s.layers[key] = &layer{node: merged, origins: m.origins, sensitive: m.sensitive}
	c := &namespace.Configs[i]
	c.Value = plan.Encode(merged, m.sensitive...)
	c.Origins = m.origins
	if m.changed {
		c.Position = over.Position
	}
}

// layer returns a configuration with its origins, as the files below have it.
func (s *stack) layer(key plan.Key, c plan.Config) *layer {
	if l := s.layers[key]; l != nil {
		return &layer{node: l.node, origins: clone(l.origins), sensitive: l.sensitive}
	}
	node, err := c.Value.Parse()
	if err != nil {
		node = plan.Node{Kind: plan.Object} // it is in error, and that was said
	}
	return &layer{node: node, origins: s.originsOf(key, c.Position.File), sensitive: c.Value.SensitivePaths()}
}

// originsOf reads a file of the base again, for where its values are.
func (s *stack) originsOf(key plan.Key, file string) plan.Origins {
	origins := plan.Origins{}
	for _, u := range s.base {
		if u.shown == file {
			l := s.read[file]
			if l == nil {
				_, l = u.parseLayered(s.ctx, false)
				s.read[file] = l
			}
			for path, m := range l.configs[key.Config] {
				origins[path] = plan.Position{File: u.shown, Line: int32(m.line), Column: int32(m.column)}
			}
		}
	}
	return origins
}

// complete finds out where the values of all other configurations come from.
func (s *stack) complete() {
	for i := range s.tree.Namespaces {
		ns := &s.tree.Namespaces[i]
		for j := range ns.Configs {
			if c := &ns.Configs[j]; c.Origins == nil {
				c.Origins = s.originsOf(plan.Key{Namespace: ns.Name, Config: c.Name}, c.Position.File)
			}
		}
	}
}

func (s *stack) warn(key plan.Key, position plan.Position, message, hint string) {
	s.findings.Warnings = append(s.findings.Warnings, plan.Finding{
		Key: key, Position: position, Message: message, Hint: hint,
		Excerpt: (&assembly{sources: s.sources}).excerpt(position),
	})
}

// merger lays the values of one configuration over those below.
type merger struct {
	*stack
	key       plan.Key
	over      plan.Config
	marks     layerMarks
	below     *layer
	origins   plan.Origins
	sensitive []plan.Path
	changed   bool
}

func (m *merger) position(path plan.Path) plan.Position {
	if mark, ok := m.marks[path.String()]; ok {
		return plan.Position{File: m.over.Position.File, Line: int32(mark.line), Column: int32(mark.column)}
	}
	return m.over.Position
}

// merge returns what a value becomes when another is laid over it, and whether
// it stays. Mappings merge; everything else replaces.
func (m *merger) merge(path plan.Path, base *plan.Node, over plan.Node) (merged plan.Node, stays bool) {
	switch m.marks[path.String()].tag {
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
			m.warn(m.key, m.position(path), fmt.Sprintf("an empty mapping adds nothing to %s at %s", m.name(path), m.origin(path)), "drop it here, or write !replace {} to empty it")
		}
		return m.mapping(path, *base, over), true
	case base == nil:
		m.decide(path)
		if over.Kind == plan.Object {
			return m.mapping(path, plan.Node{Kind: plan.Object}, over), true
		}
		return over, true
	case isUnknown(*base) || isUnknown(over):
	case base.Equal(over):
		m.warn(m.key, m.position(path), fmt.Sprintf("%s is what it is already at %s, so this changes nothing", m.name(path), m.origin(path)), "drop it here")
		return *base, true
	case typeOf(base.Kind) != typeOf(over.Kind):
		m.warn(m.key, m.position(path), fmt.Sprintf("%s becomes %s here, and is %s at %s", m.name(path), oneOf(over.Kind), oneOf(base.Kind), m.origin(path)), "check which of the two is right")
	}
	m.decide(path)
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
	for length := len(path); length >= 0; length-- {
		if position, ok := m.origins[path[:length].String()]; ok {
			position.Column = 0
			return position.String()
		}
	}
	return "another file"
}

func (m *merger) mapping(path plan.Path, base, over plan.Node) plan.Node {
	merged := plan.Node{Kind: plan.Object, Fields: slices.Clone(base.Fields)}
	for _, f := range over.Fields {
		below := path.With(plan.Name(f.Name))
		i := slices.IndexFunc(merged.Fields, func(b plan.Field) bool { return b.Name == f.Name })
		var was *plan.Node
		if i >= 0 {
			was = &merged.Fields[i].Value
		}
		value, stays := m.merge(below, was, f.Value)
		switch {
		case !stays && i >= 0:
			merged.Fields = slices.Delete(merged.Fields, i, i+1)
		case !stays:
		case i >= 0:
			merged.Fields[i].Value = value
		default:
			merged.Fields = append(merged.Fields, plan.Field{Name: f.Name, Value: value})
		}
	}
	return merged
}

func (m *merger) delete(path plan.Path, base *plan.Node) {
	if base == nil {
		what := m.name(path)
		if len(path) == 0 {
			what = "the configuration " + plan.Quote(m.key.Config)
		}
		m.warn(m.key, m.position(path), "!delete of what is not there: "+what, "check its name, or drop it here")
		return
	}
	m.forget(path)
	m.changed = true
}

// replaced forgets what is below a mapping that is replaced whole.
func (m *merger) replaced(path plan.Path, base *plan.Node) *plan.Node {
	if base == nil {
		m.warn(m.key, m.position(path), "!replace of what is not there: "+m.name(path), "check its name, or drop the tag")
	}
	m.forget(path)
	return nil
}

// extend adds elements to a list.
func (m *merger) extend(path plan.Path, base *plan.Node, over plan.Node) plan.Node {
	tag := m.marks[path.String()].tag
	switch {
	case base == nil:
		m.warn(m.key, m.position(path), tag+" to what is not there: "+m.name(path), "check its name, or drop the tag")
		m.decide(path)
		return over
	case base.Kind != plan.List:
		m.findings.Errors = append(m.findings.Errors, plan.Finding{
			Key: m.key, Position: m.position(path),
			Message: fmt.Sprintf("%s to %s, which is %s at %s", tag, m.name(path), oneOf(base.Kind), m.origin(path)),
			Hint:    "add to a list, or drop the tag to replace it",
			Excerpt: (&assembly{sources: m.sources}).excerpt(m.position(path)),
		})
		return over
	case len(over.Items) == 0:
		m.warn(m.key, m.position(path), tag+" of nothing changes nothing", "drop it here")
	}
	kept := m.items(path, len(base.Items), m.origins)
	m.decide(path)
	added := m.items(path, len(over.Items), m.origins)
	m.forgetBelow(path)
	if tag == tagPrepend {
		m.place(path, slices.Concat(added, kept))
		return plan.Node{Kind: plan.List, Items: slices.Concat(over.Items, base.Items)}
	}
	m.place(path, slices.Concat(kept, added))
	return plan.Node{Kind: plan.List, Items: slices.Concat(base.Items, over.Items)}
}

// items returns the origins of a list's elements, each by the path below it.
func (m *merger) items(path plan.Path, count int, all plan.Origins) []plan.Origins {
	items := make([]plan.Origins, count)
	for i := range items {
		items[i] = plan.Origins{}
		prefix := path.With(plan.Item(i)).String()
		for p, position := range all {
			if p == prefix || isBelow(p, prefix) {
				items[i][p[len(prefix):]] = position
			}
		}
	}
	return items
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

// decide says that the overlay decides the value at a path, and all below it.
func (m *merger) decide(path plan.Path) {
	m.forget(path)
	m.changed = true
	m.origins[path.String()] = m.position(path)
	prefix := path.String()
	for below, mark := range m.marks {
		if isBelow(below, prefix) && mark.tag != tagDelete {
			m.origins[below] = plan.Position{File: m.over.Position.File, Line: int32(mark.line), Column: int32(mark.column)}
		}
	}
}

// forget forgets where what is at a path came from, and below it.
func (m *merger) forget(path plan.Path) {
	delete(m.origins, path.String())
	m.forgetBelow(path)
}

func (m *merger) forgetBelow(path plan.Path) {
	prefix := path.String()
	for p := range m.origins {
		if isBelow(p, prefix) {
			delete(m.origins, p)
		}
	}
}

// isBelow reports whether one path leads through another, both as text.
func isBelow(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && rest != "" && (above == "" || rest[0] == '.' || rest[0] == '[')
}

func clone(o plan.Origins) plan.Origins {
	copied := make(plan.Origins, len(o))
	for path, position := range o {
		copied[path] = position
	}
	return copied
}
