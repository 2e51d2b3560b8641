package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// LoadOptions say what Load takes.
type LoadOptions struct {
	// Shown is what stands before the names of files in positions, as in
	// git:main:config/, if it is not their folder's path.
	Shown string
	// AllowEmpty takes a folder without any namespace for an empty tree, which
	// otherwise is an error: it is hardly the folder that was meant.
	AllowEmpty bool
	// Selection leaves out namespaces, whose files are then not opened, and
	// configurations, which are checked all the same.
	Selection plan.Selection
	// Overlays are laid over the tree, one after the other.
	Overlays []Overlay
	// References say what is done with references.
	References References
	// Origins asks where the values of every configuration come from, not only
	// of those that overlays lie over.
	Origins bool
}

// Findings are what is to be said about a tree, each list by file, line and
// column.
type Findings struct {
	Errors   []plan.Finding
	Warnings []plan.Finding
}

// Load reads the tree in the folder dir. All findings of all files are
// gathered; when there are errors among them the tree is nil. The error is the
// context's.
//
// Positions name files as a user would: dir joined with the path in it.
func Load(ctx context.Context, dir string, opts LoadOptions) (*plan.Tree, Findings, error) {
	opts.References.hidden = &hiddenTexts{}
	w := walk(dir, opts)
	parsed := make([]parsed, len(w.units))
	all := newWorkers()
	all.each(ctx, len(w.units), func(i int) {
		parsed[i] = w.units[i].read(ctx, all)
	})
	if err := ctx.Err(); err != nil {
		return nil, Findings{}, err
	}
	a := assembly{findings: w.findings, excerpts: excerpts{references: w.references, sources: map[string]string{}}}
	for _, ns := range w.folders {
		a.namespace(ns.Name, ns.Position)
	}
	for i, u := range w.units {
		a.add(u, parsed[i])
	}
	tree := a.tree(opts.Selection)
	tree.Unread = w.unread
	if (len(opts.Overlays) > 0 || opts.Origins) && len(a.findings.Errors) == 0 {
		s := newStack(ctx, tree, w.units, &a.findings, a.sources)
		for _, o := range opts.Overlays {
			if err := ctx.Err(); err != nil {
				return nil, Findings{}, err
			}
			s.lay(o, opts)
		}
		s.finish()
		if opts.Origins {
			s.complete()
		}
		if err := ctx.Err(); err != nil {
			return nil, Findings{}, err
		}
	}
	for i, u := range w.units {
		if len(parsed[i].findings.Errors) > 0 {
			opts.References.hidden.search(u)
		}
	}
	if len(a.findings.Errors) > 0 {
		for _, o := range opts.Overlays {
			for _, u := range o.walk(opts).units {
				opts.References.hidden.search(u)
			}
		}
	}
	opts.References.hidden.hide(a.findings, tree, &plan.Tree{Namespaces: a.unselected})
	a.findings.sort()
	if len(a.findings.Errors) > 0 {
		return nil, a.findings, nil
	}
	return tree, a.findings, nil
}

// assembly puts together what the files declare.
type assembly struct {
	findings   Findings
	namespaces []plan.Namespace
	unselected []plan.Namespace // what the selection leaves out of them
	index      map[string]int
	excerpts
}

func (a *assembly) namespace(name string, position plan.Position) *plan.Namespace {
	i, ok := a.index[name]
	if !ok {
		if a.index == nil {
			a.index = map[string]int{}
		}
		i = len(a.namespaces)
		a.index[name] = i
		a.namespaces = append(a.namespaces, plan.Namespace{Name: name, Position: position})
	}
	return &a.namespaces[i]
}

func (a *assembly) add(u unit, p parsed) {
	ns := a.namespace(u.namespace, plan.Position{File: u.shown})
	if ns.Configs == nil {
		ns.Configs = p.configs
	} else {
		ns.Configs = append(ns.Configs, p.configs...)
	}
	a.sources[u.shown] = u.path
	a.findings.Errors = append(a.findings.Errors, p.findings.Errors...)
	a.findings.Warnings = append(a.findings.Warnings, p.findings.Warnings...)
}

// tree returns what was added, by name, without what the selection leaves out.
func (a *assembly) tree(sel plan.Selection) *plan.Tree {
	t := &plan.Tree{Namespaces: a.namespaces}
	slices.SortFunc(t.Namespaces, func(x, y plan.Namespace) int { return strings.Compare(x.Name, y.Name) })
	for i := range t.Namespaces {
		ns := &t.Namespaces[i]
		slices.SortFunc(ns.Configs, func(x, y plan.Config) int {
			return cmp.Or(strings.Compare(x.Name, y.Name), comparePositions(x.Position, y.Position))
		})
		a.repeated(ns)
		out := plan.Namespace{Name: ns.Name}
		ns.Configs = slices.DeleteFunc(ns.Configs, func(c plan.Config) bool {
			if sel.Config(ns.Name, c.Name) {
				return false
			}
			out.Configs = append(out.Configs, c)
			return true
		})
		a.unselected = append(a.unselected, out)
	}
	return t
}

// repeated reports the configurations that two files declare.
func (a *assembly) repeated(ns *plan.Namespace) {
	first := 0
	for i := 1; i < len(ns.Configs); i++ {
		c, before := ns.Configs[i], ns.Configs[first]
		if c.Name != before.Name {
			first = i
			continue
		}
		a.findings.Errors = append(a.findings.Errors, plan.Finding{
			Key:      plan.Key{Namespace: ns.Name, Config: c.Name},
			Position: c.Position,
			Message:  fmt.Sprintf("the configuration %s is defined twice, first at %s", plan.Quote(c.Name), before.Position),
			Hint:     "keep one of the two",
			Excerpt:  a.excerpt(plan.Key{Namespace: ns.Name, Config: c.Name}, c.Position),
		})
	}
}

// excerpts shows lines of files that are read again for it: by now they are no
// longer in memory.
type excerpts struct {
	references References
	sources    map[string]string // shown name to real path, of files with configurations
	files      map[string]*excerptFile
}

type excerptFile struct {
	text   text
	states []lineState
}

// excerpt shows a line of what belongs to a configuration; only its key, if the
// project's patterns may name something in it.
func (e *excerpts) excerpt(k plan.Key, at plan.Position) string {
	f := e.files[at.File]
	if f == nil {
		data, err := e.references.readFile(e.sources[at.File])
		if err != nil {
			return ""
		}
		f = &excerptFile{text: newText(withoutBOM(data))}
		f.states = f.text.states()
		if e.files == nil {
			e.files = map[string]*excerptFile{}
		}
		e.files[at.File] = f
	}
	named := namedLines{all: e.references.Hides.Named(k).MayBeSensitive()}
	return named.hide(int(at.Line), f.text.excerpt(f.states, at, false))
}

func (f *Findings) sort() {
	for _, list := range []*[]plan.Finding{&f.Errors, &f.Warnings} {
		slices.SortStableFunc(*list, compareFindings)
	}
}

func compareFindings(a, b plan.Finding) int {
	return cmp.Or(comparePositions(a.Position, b.Position), strings.Compare(a.Message, b.Message))
}

func comparePositions(a, b plan.Position) int {
	return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}
