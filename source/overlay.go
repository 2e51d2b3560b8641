package source

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// Overlay is a folder in the form of a tree that is laid over one.
type Overlay struct {
	Dir   string
	Shown string // as in LoadOptions
}

// stack is a tree on which overlays are laid, one after the other.
type stack struct {
	excerpts
	ctx        context.Context // of the one call of Load that it is for
	tree       *plan.Tree      // without what namespaces holds, until finish
	base       map[string]unit // by shown name
	findings   *Findings
	namespaces map[string]*stackNamespace
	read       map[string]*layered // files of the base that were read again
	deep       bool                // an overlay has a tag that is deeper than positions are noted
}

// stackNamespace is a namespace with its configurations by name.
type stackNamespace struct {
	plan.Namespace
	configs map[string]*plan.Config
	layers  map[string]*layer // of configurations that an overlay changed
}

func newStack(ctx context.Context, tree *plan.Tree, base []unit, findings *Findings, sources map[string]string) *stack {
	s := &stack{
		excerpts: excerpts{sources: sources},
		ctx:      ctx, tree: tree, base: map[string]unit{}, findings: findings,
		namespaces: map[string]*stackNamespace{}, read: map[string]*layered{},
	}
	for _, u := range base {
		s.base[u.shown] = u
	}
	for _, ns := range tree.Namespaces {
		s.namespaces[ns.Name] = &stackNamespace{Namespace: ns}
	}
	return s
}

// open makes the configurations of a namespace found by name.
func (ns *stackNamespace) open() {
	if ns.configs != nil {
		return
	}
	ns.configs, ns.layers = make(map[string]*plan.Config, len(ns.Configs)), map[string]*layer{}
	for i := range ns.Configs {
		ns.configs[ns.Configs[i].Name] = &ns.Configs[i]
	}
}

// finish puts the tree together again.
func (s *stack) finish() {
	s.tree.Namespaces = make([]plan.Namespace, 0, len(s.namespaces))
	for _, ns := range s.namespaces {
		if ns.configs != nil {
			configs := make([]plan.Config, 0, len(ns.configs))
			for _, c := range ns.configs {
				configs = append(configs, *c)
			}
			ns.Configs = configs
		}
		s.tree.Namespaces = append(s.tree.Namespaces, ns.Namespace)
	}
	s.tree.Sort()
}

// layer is a configuration with where each of its values comes from.
type layer struct {
	node      plan.Node
	origins   plan.Origins
	sensitive []plan.Path
}

// walk finds the overlay's files.
func (o Overlay) walk(opts LoadOptions) *walker {
	return walk(o.Dir, LoadOptions{Selection: opts.Selection, AllowEmpty: true, Shown: o.Shown, References: opts.References})
}

// lay lays an overlay over what is there.
func (s *stack) lay(o Overlay, opts LoadOptions) {
	sel, w := opts.Selection, o.walk(opts)
	s.add(w.findings)
	s.tree.Unread = append(s.tree.Unread, w.unread...)
	for _, declared := range w.folders {
		s.namespace(declared.Name, declared.Position)
	}
	beside := newOverlayNames(s, w)
	for _, u := range w.units {
		s.sources[u.shown] = u.path
		p, l := u.parseLayered(s.ctx, true)
		s.add(p.findings)
		if len(p.findings.Errors) == 0 {
			s.deep = s.deep || l.deep
			s.unit(u, p, l, sel, beside)
		}
	}
}

func (s *stack) add(f Findings) {
	s.findings.Errors = append(s.findings.Errors, f.Errors...)
	s.findings.Warnings = append(s.findings.Warnings, f.Warnings...)
}

// unit lays one file over what is there.
// beside has the names of the overlay's files.
func (s *stack) unit(u unit, p parsed, l *layered, sel plan.Selection, beside *overlayNames) {
	position := plan.Position{File: u.shown, Line: 1, Column: 1}
	if l.root != "" {
		s.drop(u.namespace, position, l.root)
		if l.root == tagDelete {
			return
		}
	}
	beside.warnNewNamespace(s, u.namespace, position)
	before := len(s.namespaces)
	ns := s.namespace(u.namespace, plan.Position{File: u.shown})
	if len(p.configs) == 0 && len(s.namespaces) == before && l.root == "" {
		s.warn(plan.Key{Namespace: u.namespace}, position, "this empty file does not change the namespace", "remove the file, or write !delete to delete the namespace")
	}
	s.warnNewConfigs(ns, p.configs, l.configs, beside)
	for _, c := range p.configs {
		if sel.Config(u.namespace, c.Name) {
			s.config(ns, c, l.configs[c.Name])
		}
	}
}

// namespace returns a namespace, which is made if it is not there.
func (s *stack) namespace(name string, position plan.Position) *stackNamespace {
	ns := s.namespaces[name]
	if ns == nil {
		ns = &stackNamespace{Namespace: plan.Namespace{Name: name, Position: position}}
		s.namespaces[name] = ns
	}
	return ns
}

// drop takes a whole namespace away.
func (s *stack) drop(name string, position plan.Position, tag string) {
	if s.namespaces[name] == nil {
		s.warn(plan.Key{Namespace: name}, position, tag+" of a namespace that does not exist", "check its name, or remove the file")
	}
	delete(s.namespaces, name)
	s.deleted(plan.Key{Namespace: name}, nil, position)
}

// deleted records where an overlay deletes something.
func (s *stack) deleted(key plan.Key, path plan.Path, position plan.Position) {
	if s.tree.Deleted == nil {
		s.tree.Deleted = map[plan.Key]plan.Origins{}
	}
	if s.tree.Deleted[key] == nil {
		s.tree.Deleted[key] = plan.Origins{}
	}
	if len(path) <= plan.MaxCompared {
		s.tree.Deleted[key][path.String()] = position
	}
}

// config lays one configuration over what is there.
func (s *stack) config(ns *stackNamespace, over plan.Config, marks layerMarks) {
	ns.open()
	key := plan.Key{Namespace: ns.Name, Config: over.Name}
	c := ns.configs[over.Name]
	m := merger{stack: s, key: key, over: over, marks: marks, origins: plan.Origins{}}
	var base *plan.Node
	if c != nil {
		below := s.layer(ns, *c)
		if len(below.sensitive) > 0 {
			s.tree.Covered = append(s.tree.Covered, plan.Namespace{Name: ns.Name, Configs: []plan.Config{{Name: c.Name, Value: c.Value}}})
		}
		m.origins, m.sensitive = below.origins, below.sensitive
		base = &below.node
	}
	node, err := over.Value.Parse()
	if err != nil {
		panic(fmt.Sprintf("the encoded value can't be decoded: %v", err))
	}
	m.sensitive = append(m.sensitive[:len(m.sensitive):len(m.sensitive)], over.Value.SensitivePaths()...)
	merged, stays := m.merge(nil, base, node)
	if !stays {
		delete(ns.configs, over.Name)
		delete(ns.layers, over.Name)
		return
	}
	if c == nil {
		c = &plan.Config{Name: over.Name, Position: over.Position}
		ns.configs[over.Name] = c
	}
	ns.layers[over.Name] = &layer{node: merged, origins: m.origins, sensitive: m.sensitive}
	c.Value = plan.Encode(merged, m.sensitive...)
	c.Origins = m.origins
	if m.changed {
		c.Position = over.Position
	}
}

// layer returns a configuration with its origins, as the files below have it.
func (s *stack) layer(ns *stackNamespace, c plan.Config) *layer {
	if l := ns.layers[c.Name]; l != nil {
		return &layer{node: l.node, origins: maps.Clone(l.origins), sensitive: l.sensitive}
	}
	node, err := c.Value.Parse()
	if err != nil {
		node = plan.Node{Kind: plan.Object} // it is in error, and that was said
	}
	return &layer{node: node, origins: s.originsOf(c.Name, c.Position.File), sensitive: c.Value.SensitivePaths()}
}

// originsOf reads a file of the base again, for where its values are.
func (s *stack) originsOf(config, file string) plan.Origins {
	u, ok := s.base[file]
	if !ok {
		return plan.Origins{}
	}
	l := s.read[file]
	if l == nil {
		_, l = u.parseLayered(s.ctx, false)
		s.read[file] = l
	}
	marks := l.configs[config]
	origins := make(plan.Origins, len(marks))
	for path, m := range marks {
		origins[path] = plan.Position{File: u.shown, Line: int32(m.line), Column: int32(m.column)}
	}
	return origins
}

// complete finds out where the values of all other configurations come from.
func (s *stack) complete() {
	for i := range s.tree.Namespaces {
		ns := &s.tree.Namespaces[i]
		for j := range ns.Configs {
			if c := &ns.Configs[j]; c.Origins == nil {
				c.Origins = s.originsOf(c.Name, c.Position.File)
			}
		}
	}
}

func (s *stack) warn(key plan.Key, position plan.Position, message, hint string) {
	s.findings.Warnings = append(s.findings.Warnings, plan.Finding{
		Key: key, Position: position, Message: message, Hint: hint,
		Excerpt: s.excerpt(key, position),
	})
}

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
