package source

import (
	"fmt"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/journal"
)

// layerFiles are the files of the tree, or of an overlay.
type layerFiles struct {
	dir, shown string
	references References
	units      map[string][]unit // by namespace
	files      map[string]*namespaceFiles
	folders    map[string]bool // of namespaces
	gone       map[string]bool // namespaces that are not to be declared any more
	overlay    bool
}

// namespaceFiles are the files of a layer that say something of one namespace.
type namespaceFiles struct {
	all   []*layerFile
	whole []*layerFile          // of the namespace
	alone map[string]*layerFile // by the configuration that each is of
}

func (n *namespaceFiles) add(f *layerFile) {
	n.all = append(n.all, f)
	if f.unit.config == "" {
		n.whole = append(n.whole, f)
		return
	}
	if n.alone == nil {
		n.alone = map[string]*layerFile{}
	}
	n.alone[f.unit.config] = f
}

// find returns the file that says something of a configuration, and what.
func (n *namespaceFiles) find(config string) (*layerFile, *draft) {
	if f := n.alone[config]; f != nil && f.want != nil {
		return f, f.want
	}
	for _, f := range n.whole {
		if f.want != nil {
			if d := f.want.field(config); d != nil {
				return f, d
			}
		}
	}
	return nil, nil
}

// layerFile is a file with what it says and is to say.
type layerFile struct {
	unit
	data       []byte // nil when the file is new
	have, want *draft // nil when the file is new, or is to go
	root       *yaml.Node
	notYAML    bool // it is JSON that YAML has no form for
	sealed     bool
	changed    bool
	puts       map[string]*draft // of a namespace's file: what it is to say of configurations
	putNames   []string          // in their order
}

// content is what the file says before it is changed.
func (f *layerFile) content() content { return content{f.data, f.have, f.root} }

// tree returns where the files are that change together.
func (r *reviser) tree() journal.Tree {
	tree := journal.Tree{Dir: r.dir, Within: slices.Clone(r.opts.References.Within)}
	for _, o := range r.opts.Overlays {
		tree.Within = append(tree.Within, o.Dir)
	}
	return tree
}

// of returns the files of a namespace.
func (l *layerFiles) of(namespace string) (*namespaceFiles, error) {
	if files, ok := l.files[namespace]; ok {
		return files, nil
	}
	files := &namespaceFiles{}
	for _, u := range l.units[namespace] {
		data, err := u.references.readFile(u.path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", plan.Printable(u.shown), err)
		}
		have, root, ok := u.drafts(data)
		notYAML := !ok && u.json
		if notYAML {
			have, ok = u.jsonDraft(data)
		}
		if !ok {
			return nil, fmt.Errorf("%s can no longer be read", plan.Printable(u.shown))
		}
		files.add(&layerFile{unit: u, data: data, have: have, want: have, root: root, notYAML: notYAML, sealed: mayBeSealed(data) && u.isSealed(data)})
	}
	l.files[namespace] = files
	return files, nil
}

// add adds a new file.
func (l *layerFiles) add(f *layerFile) {
	if l.files[f.namespace] == nil {
		l.files[f.namespace] = &namespaceFiles{}
	}
	l.files[f.namespace].add(f)
}

// jsonDraft reads JSON that is no YAML.
func (u unit) jsonDraft(data []byte) (*draft, bool) {
	n, err := plan.Decode(withoutBOM(data))
	return draftOf(n), err == nil
}

func (u unit) isSealed(data []byte) bool {
	d := u.document(data)
	root, ok := d.yamlRoot()
	return ok && isSealed(root)
}

// put makes a file say something of a configuration, or with nil nothing.
func (f *layerFile) put(config string, d *draft) {
	f.changed = true
	if f.unit.config != "" {
		f.want = d
		return
	}
	if f.puts == nil {
		f.puts = map[string]*draft{}
	}
	f.puts[config] = d
	f.putNames = append(f.putNames, config)
}

// settle makes the file say all that was put: together, as what a file says is
// copied for that.
func (f *layerFile) settle() {
	if f.puts != nil {
		f.want = f.want.withLast(f.puts, f.putNames)
		f.puts, f.putNames = nil, nil
	}
}

// keep returns what is to be done with the file by which a folder without
// configurations declares a namespace.
func (l *layerFiles) keep(namespace string) []Revised {
	if !l.folders[namespace] || slices.ContainsFunc(l.files[namespace].all, func(f *layerFile) bool { return f.want != nil }) {
		return nil
	}
	path := filepath.Join(l.dir, encodeName(namespace), keepFile)
	file := Revised{Path: path, Shown: (&walker{dir: l.dir, shown: l.shown}).show(path), unit: unit{references: l.references}}
	before, err := l.references.readFile(path)
	switch there := err == nil; {
	case there && l.gone[namespace]:
		file.Before = append([]byte{}, before...)
	case !there && !l.gone[namespace] && !l.overlay:
		file.After = []byte{}
	default:
		return nil
	}
	return []Revised{file}
}
