package source

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/journal"
)

// ReviseOptions say how Revise changes a tree.
type ReviseOptions struct {
	// Overlays are laid over the tree, as in LoadOptions.
	Overlays []Overlay
	// Above leaves the tree as it is for others, and says in the last overlay
	// what differs from it.
	Above      bool
	References References
	// Encrypt encrypts what takes the place of a value that is encrypted with age, and new
	// values that are sensitive. If it is nil, the former stay as they are, and the latter
	// are written in plain text.
	Encrypt func(text string) (armored string, err error)
	// Sensitivity says which new values are sensitive.
	Sensitivity plan.Sensitivity
}

// Revision is how the files of a tree and its overlays change.
type Revision struct {
	Files []Revised // by name
	// Left are references, and what SOPS encrypted, that stay as they are
	// although something else is wanted.
	Left []plan.Finding
	// Encrypted counts the values that were encrypted again, and EncryptedNew the new ones.
	Encrypted, EncryptedNew int
	// Unfulfilled are the configurations with such, also where it isn't known
	// what a reference stands for. Partly are those of them that change nevertheless.
	Unfulfilled, Partly map[plan.Key]bool

	tree journal.Tree
}

// Revised is a file that changes.
type Revised struct {
	Path          string
	Shown         string
	Before, After []byte // nil for a file that is not there
	// Shared gives a new file the permissions that the umask allows. Otherwise only its
	// owner can read it.
	Shared bool
	unit   unit
}

// Revise finds out how to change the tree in dir so that it declares what is
// wished for, and nothing else changes: values where they stand, in the layer
// that decides them, with everything around them as it is. It writes nothing.
func Revise(ctx context.Context, dir string, wishes []plan.Wish, opts ReviseOptions) (*Revision, error) {
	r := reviser{ctx: ctx, dir: dir, opts: opts, stays: map[plan.Key]bool{}, changed: map[plan.Key]bool{}}
	r.layer(dir, "", opts.References)
	for _, o := range opts.Overlays {
		r.layer(o.Dir, o.Shown, opts.References)
	}
	for _, w := range wishes {
		for _, l := range r.layers {
			if _, err := l.of(w.Key.Namespace); err != nil {
				return nil, err
			}
		}
	}
	for _, w := range wishes {
		if w.Key.Config != "" {
			if err := r.config(w); err != nil {
				return nil, err
			}
		}
	}
	for _, l := range r.layers {
		for _, files := range l.files {
			for _, f := range files.all {
				f.settle()
			}
		}
	}
	for _, w := range wishes {
		if w.Key.Config == "" {
			r.namespace(w)
		}
	}
	return r.revision()
}

// reviser changes what the files of a tree say.
type reviser struct {
	ctx    context.Context
	dir    string
	opts   ReviseOptions
	layers []*layerFiles
	left   []plan.Finding
	stays  map[plan.Key]bool

	changed map[plan.Key]bool // configurations for which a file says something else

	encrypted int // values, again

	secrets *elsewhere // once it is known
}

func (r *reviser) layer(dir, shown string, references References) {
	l := &layerFiles{dir: filepath.Clean(dir), shown: shown, references: references.of(dir), units: map[string][]unit{}, files: map[string]*namespaceFiles{}, folders: map[string]bool{}, gone: map[string]bool{}, overlay: len(r.layers) > 0}
	w := walk(dir, LoadOptions{AllowEmpty: true, Shown: shown, References: references})
	for _, u := range w.units {
		l.units[u.namespace] = append(l.units[u.namespace], u)
	}
	for _, ns := range w.folders {
		l.folders[ns.Name] = true
	}
	r.layers = append(r.layers, l)
}

// config makes the layers say what is wished for of one configuration.
func (r *reviser) config(w plan.Wish) error {
	var want *plan.Node
	if !w.Absent {
		n, err := w.Value.Parse()
		if err != nil {
			return fmt.Errorf("%s: %w", plan.Printable(w.Key.String()), err)
		}
		want = &n
	}
	slots := make([]*draft, len(r.layers))
	files := make([]*layerFile, len(r.layers))
	declared := -1
	cut := 0
	for i, l := range r.layers {
		of, err := l.of(w.Key.Namespace)
		if err != nil {
			return err
		}
		if declared < 0 && (len(of.all) > 0 || l.folders[w.Key.Namespace]) {
			declared = i
		}
		for _, f := range of.whole {
			if f.want != nil && f.want.tag != "" {
				clear(slots[:i])
				if cut = i; f.want.tag == tagDelete {
					cut = i + 1
				}
			}
		}
		files[i], slots[i] = of.find(w.Key.Config)
	}
	before := slices.Clone(slots)
	var unreadable []int
	for i, f := range files {
		if f != nil && f.sealed {
			unreadable = append(unreadable, i)
		}
	}
	s := settling{facts: newFacts(), seals: newSealer(r.opts), above: r.opts.Above && len(r.layers) > 1, left: func(path plan.Path, d *draft, want *plan.Node) {
		r.left = append(r.left, stays(w.Key, path, d, want, slots, files))
	}}
	home := max(declared, cut, 0)
	if s.above {
		home = len(r.layers) - 1
	}
	settled := s.settle(nil, slots, want, min(home, len(slots)-1))
	if left := r.doubtful(w.Key, &s, slots, files, settled, want); left != nil {
		r.left = append(r.left, *left)
		r.stays[w.Key] = true
		return nil
	}
	if s.stays {
		r.stays[w.Key] = true
	} else {
		if err := fulfilled(w.Key, settled, want); err != nil {
			return err
		}
	}
	r.encrypted += len(s.seals.made())
	for i := range settled {
		if settled[i] == before[i] {
			continue
		}
		if slices.Contains(unreadable, i) {
			r.left = append(r.left, sealedStays(w.Key, files[i]))
			r.stays[w.Key] = true
			continue
		}
		if files[i] == nil {
			files[i] = r.home(i, w.Key, files, want)
		}
		files[i].put(w.Key.Config, settled[i])
		r.changed[w.Key] = true
	}
	return nil
}

// stays is the finding of a reference that stays as it is.
func stays(key plan.Key, path plan.Path, d *draft, want *plan.Node, slots []*draft, files []*layerFile) plan.Finding {
	f := plan.Finding{
		Key:      key,
		Position: positionOf(d, slots, files),
		Message:  "not changed: the live value differs from the value of this " + d.at().Tag,
		Hint:     "change the value of the reference, or the live value",
	}
	if strings.HasPrefix(d.at().Value, "ENC[") {
		f.Message = "not changed: the live value differs from the value that SOPS encrypted here"
		f.Hint = "edit the file with sops"
	}
	if isAge(d) {
		f.Hint = "list recipients in the project file, your own among them, or edit the value with confo-sync edit"
	}
	if want == nil {
		f.Message = "not removed, although it is missing at the target"
		f.Hint = "remove it from " + plan.Printable(f.Position.File) + " by hand if it should go"
	}
	if len(path) > 0 {
		f.Message = plan.Printable(path.String()) + ": " + f.Message
	}
	return f
}

// positionOf returns where a draft stands that is part of what the layers say.
func positionOf(d *draft, slots []*draft, files []*layerFile) (p plan.Position) {
	for i, slot := range slots {
		if slot != nil && slot.holds(d) && files[i] != nil {
			p = plan.Position{File: files[i].shown, Line: int32(d.node.Line), Column: int32(d.node.Column)}
		}
	}
	return p
}

// holds reports whether a draft is part of d, or is it.
func (d *draft) holds(part *draft) bool {
	return d.node == part.node ||
		slices.ContainsFunc(d.items, func(i *draft) bool { return i.holds(part) }) ||
		slices.ContainsFunc(d.fields, func(f draftField) bool { return f.value.holds(part) })
}

func sealedStays(key plan.Key, f *layerFile) plan.Finding {
	return plan.Finding{
		Key: key, Position: plan.Position{File: f.shown},
		Message: "not changed: the live state differs from this file, which SOPS encrypted",
		Hint:    "edit the file with sops",
	}
}

// home returns the file of a layer that is to say something of a configuration of
// which it says nothing yet: its namespace's, or a new one in the form that the
// layers below have.
func (r *reviser) home(layer int, key plan.Key, files []*layerFile, want *plan.Node) *layerFile {
	l := r.layers[layer]
	halves := want != nil && hasHalves(*want)
	if !halves {
		for _, f := range l.files[key.Namespace].whole {
			if f.want != nil {
				return f
			}
		}
	}
	alone := halves || l.folders[key.Namespace]
	for _, f := range files {
		alone = alone || len(l.files[key.Namespace].all) == 0 && f != nil && f.unit.config != ""
	}
	u := unit{namespace: key.Namespace, json: halves, references: l.references}
	base := encodeName(key.Namespace) + ".yaml"
	if alone {
		u.config = key.Config
		base = filepath.Join(encodeName(key.Namespace), encodeName(key.Config)+".yaml")
		if halves {
			base = strings.TrimSuffix(base, ".yaml") + ".json"
		}
	}
	u.path = filepath.Join(l.dir, base)
	u.shown = (&walker{dir: l.dir, shown: l.shown}).show(u.path)
	f := &layerFile{unit: u}
	if !alone {
		f.want = &draft{Node: plan.Node{Kind: plan.Object}}
	}
	l.add(f)
	return f
}

// namespace makes the tree declare a namespace, or not.
func (r *reviser) namespace(w plan.Wish) {
	for i, l := range r.layers {
		files, err := l.of(w.Key.Namespace)
		if err != nil {
			continue
		}
		if !w.Absent {
			if len(files.all) > 0 || l.folders[w.Key.Namespace] {
				return
			}
			continue
		}
		l.gone[w.Key.Namespace] = true
		for _, f := range files.whole {
			if f.want != nil && len(f.want.fields) == 0 && (i == 0 || f.want.tag == "") {
				f.want, f.changed = nil, true
			}
		}
	}
	if w.Absent {
		return
	}
	l := r.layers[0]
	if r.opts.Above {
		l = r.layers[len(r.layers)-1]
	}
	base := encodeName(w.Key.Namespace) + ".yaml"
	u := unit{namespace: w.Key.Namespace, path: filepath.Join(l.dir, base), references: l.references}
	u.shown = (&walker{dir: l.dir, shown: l.shown}).show(u.path)
	l.add(&layerFile{unit: u, changed: true, want: &draft{Node: plan.Node{Kind: plan.Object}}})
}

// revision returns the files whose content changes.
func (r *reviser) revision() (*Revision, error) {
	rev := &Revision{Unfulfilled: r.stays, Partly: map[plan.Key]bool{}, tree: r.tree()}
	for _, l := range r.layers {
		for namespace, files := range l.files {
			for _, f := range files.all {
				if !f.changed {
					continue
				}
				revised := Revised{Path: f.path, Shown: f.shown, Before: f.data, unit: f.unit}
				var err error
				switch {
				case f.want == nil && f.data == nil:
					continue
				case f.want == nil:
				case f.data == nil:
					revised.After = f.unit.written(f.want)
					err = f.unit.says(revised.After, f.want)
				default:
					if revised.After = r.edit(f); bytes.Equal(f.data, revised.After) {
						continue
					}
				}
				if err == nil {
					err = r.encryptNew(rev, &revised)
				}
				if err != nil {
					return nil, err
				}
				rev.Files = append(rev.Files, revised)
			}
			rev.Files = append(rev.Files, l.keep(namespace)...)
		}
	}
	for key := range r.stays {
		rev.Partly[key] = r.changed[key]
	}
	rev.Left, rev.Encrypted = r.left, r.encrypted
	slices.SortFunc(rev.Files, func(a, b Revised) int { return strings.Compare(a.Shown, b.Shown) })
	return rev, nil
}
