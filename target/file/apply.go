package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Begin implements target.Target. The tree is locked batch by batch, as there is
// never more than one.
func (t *Target) Begin(ctx context.Context, run target.Run) (target.Writer, error) {
	return &writer{t, run}, canceled(ctx, "write to", t.path)
}

type writer struct {
	target *Target
	run    target.Run
}

// End implements target.Writer.
func (w *writer) End() error { return nil }

// Apply makes all of the changes or none, also when the process dies: journal.go
// says how. Before that it finishes or undoes what an earlier one left. Once
// the batch is committed ctx no longer counts, and an error is an *Unfinished.
//
// A configuration is updated in the file that it lives in, whatever its
// extension, which keeps its mode, owner and group; a new one is a .json file,
// made as Confo would make it. Where that file is a link, what it leads to is
// replaced, and the link stays. What is deleted is removed as it is: of a link,
// be it a configuration's or a namespace's, the link and not what it leads to.
func (w *writer) Apply(ctx context.Context, made target.Batch) error {
	t, changes := w.target, made.Changes
	if err := canceled(ctx, "write to", t.path); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		if err := t.Check(c); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(t.abs), 0o777); err != nil {
		return failed("make the folder", filepath.Dir(t.abs), err)
	}
	p, err := t.place()
	if err != nil {
		return err
	}
	unlock, err := t.lockToWrite(ctx, p, w.run)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := t.recover(p); err != nil {
		return err
	}
	b := newBatch(t.path, p)
	if err := b.prepare(ctx, changes); err != nil || len(b.steps) == 0 {
		return err
	}
	if made.Entry != nil {
		b.entry(made.EntryName(w.run), made.Entry)
	}
	j := journal{Version: journalVersion, Steps: b.steps}
	if j.Staging, err = t.stage(ctx, p, b.writes); err != nil {
		return err
	}
	if err := t.commit(p, j); err != nil {
		if p.hasJournal() {
			return err
		}
		return errors.Join(err, p.removeLeftovers())
	}
	if err := t.carryOut(p, j); err != nil {
		return p.unfinished(err)
	}
	// What can't be removed now the next Apply removes.
	_ = p.removeLeftovers()
	t.after("done")
	return nil
}

// stored returns the bytes that a file gets for a value. An empty file is not
// the empty configuration to Confo, as an empty znode is; so that is written
// out. What was an empty file becomes one again.
func stored(v plan.Value) []byte {
	if isBlank(v.Reveal()) {
		if _, err := v.Parse(); err == nil {
			return []byte("{}")
		}
	}
	return v.Reveal()
}

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
	entries map[string][]entry // by configuration
	deleted map[string]bool    // the files that this batch deletes
}

// prepare fills in steps and writes. The error is a *target.Conflict when
// anything moved.
func (b *batch) prepare(ctx context.Context, changes []plan.Change) error {
	if err := b.root(); err != nil {
		return err
	}
	going := map[string]bool{} // the namespaces that are deleted
	seen := make(map[plan.Key]bool, len(changes))
	for _, c := range changes {
		if seen[c.Key] {
			return fmt.Errorf("two changes of one batch are to %s", plan.Quote(c.Key.String()))
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
				return fmt.Errorf("one batch writes %s and deletes its namespace", plan.Quote(c.Key.String()))
			}
			err = b.config(c, f, f.link && going[c.Key.Namespace])
		}
		if err != nil {
			return err
		}
	}
	if len(b.moved) > 0 {
		return &target.Conflict{Moved: b.moved}
	}
	return nil
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
		fmt.Errorf("%s is on another file system than the folder above the tree, so that no file in it can be replaced at once",
			plan.Printable(dir)),
		"let the tree be a folder within its file system, not the whole of it, and without links to another")
}

func (b *batch) step(op op, full string) {
	b.steps = append(b.steps, step{Op: op, Path: pathOf(b.place.root, full)})
}

// historyFolder is where entries are, in the folder beside the tree.
const historyFolder = "history"

// entry adds the batch's entry to the history, which is beside the tree.
func (b *batch) entry(name string, data []byte) {
	dir := filepath.Join(b.state, historyFolder)
	if _, err := os.Lstat(dir); err != nil {
		b.step(makeFolder, dir)
	}
	staged := strconv.Itoa(len(b.writes))
	b.steps = append(b.steps, step{Op: writeFile, Path: pathOf(b.place.root, filepath.Join(dir, name)), Staged: staged})
	b.writes = append(b.writes, write{staged: staged, data: data, private: true})
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
		resolved, err := filepath.EvalSymlinks(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, deadLink(f.path)
		}
		if err != nil {
			return nil, unreadable(f.path, err)
		}
		f.path = resolved
		if info, err = os.Stat(resolved); err != nil {
			return nil, unreadable(f.path, err)
		}
	}
	if !info.IsDir() {
		return nil, target.WithHint(fmt.Errorf("%s is not a folder, so it can't be a namespace", plan.Printable(f.path)),
			"remove it: Confo crashes on it anyway")
	}
	if err := b.sameDevice(f.path, info); err != nil {
		return nil, err
	}
	entries, exists, err := listNamespace(f.path)
	if err != nil {
		return nil, err
	}
	f.there = exists
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
				return target.WithHint(fmt.Errorf("%s is not deleted: it holds %s: %s",
					plan.Quote(c.Key.Namespace), plan.Quote(e.file), e.foreign),
					"delete that by hand if nobody needs it, or keep the namespace")
			}
		}
	}
	for _, entries := range f.entries {
		for _, e := range entries {
			if !f.deleted[e.file] {
				b.conflict(c, target.Moved{Exists: true, Why: "has something in it that was not there before"})
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

// config works out what a change to a configuration takes. When unlinked is
// set its namespace is a link that will be removed, and what is behind stays.
func (b *batch) config(c plan.Change, f *liveFolder, unlinked bool) error {
	live, file, err := b.live(c.Key, f)
	if err != nil {
		return err
	}
	if c.Action == plan.Create {
		return b.createConfig(c, f, live)
	}
	if live == nil || live.Revision != c.Revision {
		m := target.Moved{Exists: live != nil}
		if live != nil {
			m.Now = live.Value
		}
		b.conflict(c, m)
		return nil
	}
	full := filepath.Join(f.path, file)
	switch {
	case c.Action == plan.Update:
		return b.replace(c, full)
	case unlinked:
		f.deleted[file] = true
	default:
		f.deleted[file] = true
		b.step(remove, full)
	}
	return nil
}

// live reads a configuration: nil when there is none.
func (b *batch) live(key plan.Key, f *liveFolder) (*plan.LiveConfig, string, error) {
	var file string
	for _, e := range f.entries[key.Config] {
		switch {
		case e.foreign != "":
			continue
		case file != "":
			return nil, "", ambiguous(f.path, file, e.file)
		}
		file = e.file
	}
	if file == "" {
		return nil, "", nil
	}
	full := filepath.Join(f.path, file)
	data, err := os.ReadFile(full)
	switch {
	case err == nil:
		return &plan.LiveConfig{Name: key.Config, Value: fileValue(data), Revision: fileRevision(file, data)}, file, nil
	case isGone(full, err):
		return nil, "", nil
	default:
		return nil, "", unreadable(full, err)
	}
}

func (b *batch) createConfig(c plan.Change, f *liveFolder, live *plan.LiveConfig) error {
	full := filepath.Join(f.path, c.Key.Config+extension)
	switch {
	case !f.there:
		b.conflict(c, target.Moved{Why: "has lost its namespace, which was deleted by someone else"})
		return nil
	case live != nil:
		b.conflict(c, target.Moved{Exists: true, Now: live.Value})
		return nil
	}
	// Not listed under its name, and there all the same: a folder, or the file
	// of another configuration where capitals don't count.
	if _, err := os.Lstat(full); err == nil {
		return target.WithHint(fmt.Errorf("something else is at %s already", plan.Printable(full)),
			"remove it, or rename the configuration")
	}
	return b.write(c, full, nil)
}

// replace writes the file that full leads to.
func (b *batch) replace(c plan.Change, full string) error {
	resolved, err := filepath.EvalSymlinks(full)
	if err != nil {
		return unreadable(full, err)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return unreadable(resolved, err)
	}
	if err := b.sameDevice(resolved, info); err != nil {
		return err
	}
	return b.write(c, resolved, info)
}

func (b *batch) write(c plan.Change, full string, replaces fs.FileInfo) error {
	if other, ok := b.targets[full]; ok {
		return target.WithHint(fmt.Errorf("%s and %s are one file, %s",
			plan.Quote(other.String()), plan.Quote(c.Key.String()), plan.Printable(full)),
			"one is a link to the other: make it a file of its own")
	}
	b.targets[full] = c.Key
	name := strconv.Itoa(len(b.writes))
	b.steps = append(b.steps, step{Op: writeFile, Path: pathOf(b.place.root, full), Staged: name})
	b.writes = append(b.writes, write{staged: name, data: stored(c.After), replaces: replaces})
	return nil
}
