package source

import (
	"context"
	"fmt"
	"maps"

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
