package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// batch compares changes with what is live, and works out the steps they take.
type batch struct {
	path string // of the tree, as users know it
	place
	device  uint64
	folders map[string]*liveFolder
	targets map[string]plan.Key // what is written, by its full path
	steps   []step
	writes  []write
	moved   []target.Moved
}

func newBatch(path string, p place) *batch {
	return &batch{path: path, place: p, folders: map[string]*liveFolder{}, targets: map[string]plan.Key{}}
}

// liveFolder is a namespace as it is, and as the batch has it so far.
type liveFolder struct {
	path    string // with links resolved
	there   bool
	link    bool
	outside bool // the link leads out of the tree
	info    fs.FileInfo
	entries map[string][]entry // by configuration
	deleted map[string]bool    // the files that this batch deletes
}

// prepare fills in steps and writes. The error is a *target.Conflict when
// anything moved.
func (b *batch) prepare(ctx context.Context, changes []plan.Change) error {
	if err := b.root(); err != nil {
		return err
	}
	prepare := b.managed
	if slices.ContainsFunc(changes, plan.Change.IsExact) {
		prepare = b.exact
	}
	if err := prepare(ctx, changes); err != nil {
		return err
	}
	if len(b.moved) > 0 {
		return &target.Conflict{Moved: b.moved}
	}
	return b.allowed()
}

// managed works out what changes to namespaces and configurations take.
func (b *batch) managed(ctx context.Context, changes []plan.Change) error {
	going := map[string]bool{} // the namespaces that are deleted
	seen := make(map[plan.Key]bool, len(changes))
	for _, c := range changes {
		if seen[c.Key] {
			return fmt.Errorf("two changes of one transaction are to %s", plan.Quote(c.Key.String()))
		}
		seen[c.Key] = true
		if c.Key.IsNamespace() && c.Action == plan.Delete {
			going[c.Key.Namespace] = true
		}
	}
	for _, c := range changes {
		if err := canceled(ctx, "write to", b.path); err != nil {
			return err
		}
		f, err := b.folder(c.Key.Namespace)
		if err == nil && c.Key.IsNamespace() {
			err = b.namespace(c, f)
		} else if err == nil {
			if c.Action != plan.Delete && going[c.Key.Namespace] {
				return fmt.Errorf("one transaction writes %s and deletes its namespace", plan.Quote(c.Key.String()))
			}
			err = b.config(c, f, f.link && going[c.Key.Namespace])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// version is that of the journal which the steps need.
func (b *batch) version() int {
	for _, s := range b.steps {
		if s.Op == placeLink || s.Op == setMode || s.Op == makeFolder && s.Mode != 0 {
			return journalExactVersion
		}
	}
	return journalVersion
}

// root makes the root the first step when it is missing.
func (b *batch) root() error {
	state, err := os.Stat(b.state)
	if err != nil {
		return failed("read", b.state, err)
	}
	b.device = device(state)
	info, err := os.Stat(b.place.root)
	switch {
	case err != nil && isGone(b.place.root, err):
		b.step(makeFolder, b.place.root)
		return nil
	case err != nil:
		return unreadable(b.path, err)
	case !info.IsDir():
		return notFolder(b.path)
	}
	return b.sameDevice(b.place.root, info)
}

// sameDevice makes sure that files can be renamed into a folder.
func (b *batch) sameDevice(dir string, info fs.FileInfo) error {
	if device(info) == b.device {
		return nil
	}
	return target.WithHint(
		fmt.Errorf("%s is on a different file system than the folder above the target, so its files can't be replaced atomically",
			plan.Printable(dir)),
		"use a folder below the top of its file system, without links to other file systems")
}

func (b *batch) step(op op, full string) {
	b.steps = append(b.steps, step{Op: op, Path: pathOf(b.place.root, full)})
}

// stage adds a step that moves a file into its place, and what is to be in it.
func (b *batch) stage(s step, w write) {
	s.Staged, w.step = strconv.Itoa(len(b.writes)), len(b.steps)
	b.steps, b.writes = append(b.steps, s), append(b.writes, w)
}

// entry adds the batch's entry to the history, which is beside the tree.
func (b *batch) entry(name string, data []byte) {
	b.stage(step{Op: keepEntry, Path: path(name)}, write{data: data})
}

// allowed makes sure, as well as that can be known, that every step can be taken:
// once a batch is committed it has to be.
func (b *batch) allowed() error {
	asked := map[string]bool{}
	for _, s := range b.steps {
		dir := filepath.Dir(s.Path.in(b.place.root))
		if asked[dir] {
			continue
		}
		asked[dir] = true
		if info, err := os.Lstat(dir); err == nil && !info.IsDir() {
			continue // a step makes a folder of it
		}
		if err := mayChange(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotFolder(err) {
			return failed("write to", dir, err)
		}
	}
	return nil
}

func (b *batch) conflict(c plan.Change, m target.Moved) {
	m.Change = c
	b.moved = append(b.moved, m)
}

// folder returns the namespace as the batch has it so far.
func (b *batch) folder(name string) (*liveFolder, error) {
	if f := b.folders[name]; f != nil {
		return f, nil
	}
	f := &liveFolder{
		path: filepath.Join(b.place.root, name), entries: map[string][]entry{}, deleted: map[string]bool{},
	}
	b.folders[name] = f
	info, err := os.Lstat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, unreadable(f.path, err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		f.link = true
		if err := b.mayFollow(f.path); err != nil {
			return nil, err
		}
		resolved, err := filepath.EvalSymlinks(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, deadLink(f.path)
		}
		if err != nil {
			return nil, unreadable(f.path, err)
		}
		f.path, f.outside = resolved, !b.within(resolved)
		if info, err = os.Stat(resolved); err != nil {
			return nil, unreadable(f.path, err)
		}
	}
	if !info.IsDir() {
		return nil, target.WithHint(fmt.Errorf("%s can't be a namespace: it is not a folder", plan.Printable(f.path)),
			"remove it: Confo crashes on it")
	}
	if !f.outside {
		if err := b.sameDevice(f.path, info); err != nil {
			return nil, err
		}
	}
	entries, exists, err := b.listNamespace(f.path)
	if err != nil {
		return nil, err
	}
	f.there, f.info = exists, info
	for _, e := range entries {
		f.entries[e.config] = append(f.entries[e.config], e)
	}
	return f, nil
}

func (b *batch) namespace(c plan.Change, f *liveFolder) error {
	switch c.Action {
	case plan.Create:
		if f.there {
			b.conflict(c, target.Moved{Exists: true})
			return nil
		}
		f.there = true
		b.step(makeFolder, f.path)
		return nil
	case plan.Delete:
		return b.deleteNamespace(c, f)
	default:
		return fmt.Errorf("a namespace, %s, is not %sd", plan.Quote(c.Key.Namespace), c.Action)
	}
}

// deleteNamespace makes sure that the batch has deleted all that is in it.
func (b *batch) deleteNamespace(c plan.Change, f *liveFolder) error {
	if !f.there || c.Revision != folderRevision {
		b.conflict(c, target.Moved{Exists: f.there})
		return nil
	}
	for _, entries := range f.entries {
		for _, e := range entries {
			if e.foreign != "" {
				return target.WithHint(fmt.Errorf("%s can't be deleted: it has %s: %s",
					plan.Quote(c.Key.Namespace), plan.Quote(e.file), e.foreign),
					"delete it by hand if nobody needs it, or keep the namespace")
			}
		}
	}
	for _, entries := range f.entries {
		for _, e := range entries {
			if !f.deleted[e.file] {
				b.conflict(c, target.Moved{Exists: true, Why: "has new content"})
				return nil
			}
		}
	}
	f.there = false
	if f.link {
		b.step(remove, filepath.Join(b.place.root, c.Key.Namespace))
	} else {
		b.step(removeFolder, f.path)
	}
	return nil
}
