package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/source/within"
)

// WriteOptions say how Write lays out a tree.
type WriteOptions struct {
	// Split writes one file a configuration rather than one a namespace.
	Split bool
}

// Written says what Write wrote.
type Written struct {
	Files      int
	Namespaces int
	Configs    int
	// JSON are the configurations that have a JSON file of their own: they hold
	// halves of surrogate pairs, which Python's strings may and YAML's may not.
	JSON []plan.Key
}

// Write writes t as YAML into the folder dir, which is empty or absent. Loading
// the folder gives back a tree equal to t. Values must be readable, and objects
// or lists.
//
// Only its owner may read what is written: it may hold passwords. All files are
// written, or none, as by SaveFiles.
func Write(dir string, t *plan.Tree, opts WriteOptions) (Written, error) {
	files, written, err := Lay(dir, t, opts)
	if err == nil {
		err = SaveFiles(journal.Tree{Dir: dir}, files)
	}
	if err != nil {
		return Written{}, err
	}
	return written, nil
}

// Lay returns the files that Write writes, and writes none.
func Lay(dir string, t *plan.Tree, opts WriteOptions) ([]Revised, Written, error) {
	w := writer{dir: dir, split: opts.Split}
	err := w.check()
	for i := 0; err == nil && i < len(t.Namespaces); i++ {
		err = w.namespace(t.Namespaces[i])
	}
	if err != nil {
		return nil, Written{}, err
	}
	return w.files, w.written, nil
}

// writer lays out the files of one tree.
type writer struct {
	dir     string
	split   bool
	files   []Revised
	written Written
}

// check checks that the folder is empty or absent, and can be written to.
func (w *writer) check() error {
	if link := (*within.LinkError)(nil); errors.As(within.CheckFolder(w.dir), &link) {
		return aboutFile(filepath.ToSlash(w.dir), plan.Printable(link.Link)+" is a link in the repository, and confo-sync does not write through such links", "name a folder that is not a link")
	}
	entries, err := os.ReadDir(w.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case isFile(w.dir):
		return aboutFile(filepath.ToSlash(w.dir), "this is a file, but a tree must be a folder", "name a folder that is empty or does not exist")
	case err != nil:
		return fmt.Errorf("read the folder %s: %w", plan.Printable(w.dir), err)
	case len(entries) > 0:
		return aboutFile(filepath.ToSlash(w.dir), "a new tree needs an empty folder, and this folder is not empty", "name another folder, or empty this one")
	}
	return nil
}

// namespace writes a namespace: a file of all that YAML can hold, and a folder
// for what is to have, or must have, a file of its own.
func (w *writer) namespace(ns plan.Namespace) error {
	if err := checkName(ns.Name); err != nil {
		return badKey(plan.Key{Namespace: ns.Name}, err)
	}
	w.written.Namespaces++
	w.written.Configs += len(ns.Configs)
	together := unit{namespace: ns.Name}
	var alone []plan.Field // in files of their own, as YAML
	var inJSON, inYAML []plan.Field
	for _, c := range ns.Configs {
		f, err := readable(ns.Name, c)
		switch {
		case err != nil:
			return err
		case hasHalves(f.Value):
			inJSON = append(inJSON, f)
		case w.split:
			alone = append(alone, f)
		default:
			inYAML = append(inYAML, f)
		}
	}
	if !w.split && (len(inYAML) > 0 || len(inJSON) == 0) {
		var e emitter
		e.namespace(inYAML)
		if err := survives(together, e.out, inYAML); err != nil {
			return err
		}
		if err := w.file(w.dir, encodeName(ns.Name)+".yaml", e.out); err != nil {
			return err
		}
	}
	if !w.split && len(inJSON) == 0 {
		return nil
	}
	return w.folder(ns, alone, inJSON)
}

// folder writes configurations into files of their own.
func (w *writer) folder(ns plan.Namespace, inYAML, inJSON []plan.Field) error {
	dir := filepath.Join(w.dir, encodeName(ns.Name))
	if err := checkLength(filepath.Base(dir)); err != nil {
		return err
	}
	if len(ns.Configs) == 0 {
		return w.file(dir, keepFile, nil)
	}
	for _, f := range inYAML {
		var e emitter
		e.value(f.Value, 0)
		if err := survives(unit{namespace: ns.Name, config: f.Name}, e.out, []plan.Field{f}); err != nil {
			return err
		}
		if err := w.file(dir, encodeName(f.Name)+".yaml", e.out); err != nil {
			return err
		}
	}
	for _, f := range inJSON {
		w.written.JSON = append(w.written.JSON, plan.Key{Namespace: ns.Name, Config: f.Name})
		if err := w.file(dir, encodeName(f.Name)+".json", indentJSON(plan.AppendJSON(nil, f.Value))); err != nil {
			return err
		}
	}
	return nil
}

// readable returns a configuration parsed, or why it has no place in a tree.
func readable(namespace string, c plan.Config) (plan.Field, error) {
	if err := checkName(c.Name); err != nil {
		return plan.Field{}, badKey(plan.Key{Namespace: namespace, Config: c.Name}, err)
	}
	key := plan.Printable(plan.Key{Namespace: namespace, Config: c.Name}.String())
	n, err := c.Value.Parse()
	if err != nil {
		return plan.Field{}, fmt.Errorf("write %s: %w", key, err)
	}
	if n.IsLeaf() {
		return plan.Field{}, fmt.Errorf("write %s: a configuration must be an object or a list, not %s", key, oneOf(n.Kind))
	}
	return plan.Field{Name: c.Name, Value: n}, nil
}

// badKey is the finding of a name that can't be one.
func badKey(key plan.Key, err error) error {
	f := plan.Finding{Key: key, Message: err.Error()}
	var bad *badName
	if errors.As(err, &bad) {
		f.Hint = bad.hint
	}
	return f
}

// hasHalves reports whether a string in n holds half a surrogate pair.
func hasHalves(n plan.Node) bool {
	return n.Kind == plan.String && plan.HasLoneSurrogate(n.Text) ||
		slices.ContainsFunc(n.Items, hasHalves) ||
		slices.ContainsFunc(n.Fields, func(f plan.Field) bool {
			return plan.HasLoneSurrogate(f.Name) || hasHalves(f.Value)
		})
}

// survives reads back what is about to be written: a tree that differs from the
// target it was pulled from would later change the target.
func survives(u unit, content []byte, want []plan.Field) error {
	got := u.parse(context.Background(), newWorkers(), content)
	ok := len(got.findings.Errors) == 0 && len(got.configs) == len(want)
	for i := 0; ok && i < len(want); i++ {
		n, err := got.configs[i].Value.Parse()
		ok = err == nil && got.configs[i].Name == want[i].Name && n.Equal(want[i].Value)
	}
	if !ok {
		return fmt.Errorf("nothing was written: the YAML of %s would not have the same values (please report this)",
			plan.Printable(plan.Key{Namespace: u.namespace, Config: u.config}.String()))
	}
	return nil
}

// longestName is the longest name of a file, in bytes, that file systems take.
const longestName = 255

func checkLength(base string) error {
	if len(base) <= longestName {
		return nil
	}
	return aboutFile(base, fmt.Sprintf("the file name would have %d bytes, and the limit is %d", len(base), longestName),
		"leave it out, or give it a shorter name")
}

// file adds a file that is to be written.
func (w *writer) file(dir, base string, content []byte) error {
	if err := checkLength(base); err != nil {
		return err
	}
	path := filepath.Join(dir, base)
	if content == nil {
		content = []byte{}
	}
	w.files = append(w.files, Revised{Path: path, Shown: filepath.ToSlash(path), After: content})
	w.written.Files++
	return nil
}
