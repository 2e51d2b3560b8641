package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// parallel is how many files are read or written at once.
const parallel = 16

// folderRevision is the revision of every namespace that is there: a folder
// has no state of its own.
var folderRevision = plan.Revision([]byte("a folder is a namespace."))

// fileRevision tells apart what a file is named and holds.
func fileRevision(file string, data []byte) plan.Revision {
	h := sha256.New()
	h.Write([]byte(file))
	h.Write([]byte{0})
	h.Write(data)
	return plan.Revision(h.Sum(nil)[:len(plan.Revision{})])
}

// linkRevision tells apart what a link is named, and where it leads.
func linkRevision(file, to string) plan.Revision { return fileRevision(file+"\x00link", []byte(to)) }

// fileValue returns what a file with this content holds.
func fileValue(data []byte) plan.Value {
	return plan.FileValue(data)
}

func isBlank(data []byte) bool { return len(bytes.Trim(data, " \t\n\r\v\f")) == 0 }

// Snapshot reads the tree while nobody writes to it through this package; what
// Confo writes meanwhile may be read before or after, or half. An unfinished
// batch is reported as an *Unfinished: what is live then is no state that
// anybody asked for.
func (t *Target) Snapshot(ctx context.Context, opts target.ReadOptions) (*plan.Snapshot, error) {
	if err := canceled(ctx, "read", t.path); err != nil {
		return nil, err
	}
	for {
		p, err := t.place()
		if err != nil {
			return nil, err
		}
		unlock, missing, err := t.lockToRead(ctx, p)
		if err != nil {
			return nil, err
		}
		snapshot, err := t.read(ctx, p, opts)
		unlock()
		// Without a lock to take, the first ever batch may have been applied
		// halfway through the reading.
		if missing && p.hasLock() {
			continue
		}
		return snapshot, err
	}
}

func (t *Target) read(ctx context.Context, p place, opts target.ReadOptions) (*plan.Snapshot, error) {
	if err := p.earlierUnfinished(); err != nil {
		return nil, err
	}
	r := reader{place: p, path: t.path, opts: opts, snapshot: &plan.Snapshot{At: time.Now()}}
	return r.snapshot, r.read(ctx)
}

// reader takes one snapshot.
type reader struct {
	place
	path     string // as users know it
	opts     target.ReadOptions
	snapshot *plan.Snapshot
	files    []file
	outside  []string // namespaces that are links out of the tree
}

// file is a configuration to be read, and where in the snapshot it goes.
type file struct {
	namespace, config int
	name              string
	link              bool // a symbolic one
	gone              bool
	outside           bool // the link leads out of the tree
	names             uint64
}

func (r *reader) read(ctx context.Context) error {
	names, err := r.listRoot()
	if err != nil || !r.snapshot.Exists {
		return err
	}
	if err := r.listNamespaces(ctx, names); err != nil {
		return err
	}
	if err := r.readFiles(ctx); err != nil {
		return err
	}
	r.warnOfLinks()
	r.dropGone()
	r.snapshot.Sort()
	return nil
}

// listRoot returns the names of the namespaces that the selection takes.
func (r *reader) listRoot() ([]string, error) {
	entries, err := os.ReadDir(r.root)
	switch {
	case err != nil && isGone(r.root, err):
		return nil, nil
	case err != nil && isNotFolder(err):
		return nil, notFolder(r.path)
	case err != nil:
		return nil, unreadable(r.path, err)
	}
	r.snapshot.Exists = true
	var names []string
	for _, e := range entries {
		if !r.opts.Selection.Namespace(e.Name()) {
			continue
		}
		if isGits(e.Name()) {
			r.foreign(plan.Key{Namespace: e.Name()}, e.Name(), "belongs to git, not read")
			continue
		}
		kind, err := r.kindOf(r.root, e)
		if err != nil {
			return nil, err
		}
		switch kind {
		case folder:
			names = append(names, e.Name())
			if e.Type()&fs.ModeSymlink != 0 && r.leadsOut(filepath.Join(r.root, e.Name())) {
				r.outside = append(r.outside, e.Name())
			}
		case plainFile:
			r.foreign(plan.Key{Namespace: e.Name()}, e.Name(), "a plain file, on which Confo crashes")
		case special:
			r.foreign(plan.Key{Namespace: e.Name()}, e.Name(), "not a folder, on which Confo crashes")
		}
	}
	return names, nil
}

func (r *reader) foreign(key plan.Key, path, what string) {
	r.snapshot.Foreign = append(r.snapshot.Foreign,
		plan.Foreign{Key: key, Path: filepath.Join(r.path, path), What: what})
}

func (r *reader) listNamespaces(ctx context.Context, names []string) error {
	type listing struct {
		entries []entry
		exists  bool
	}
	listings := make([]listing, len(names))
	err := inParallel(ctx, "read", r.path, len(names), func(i int) (err error) {
		listings[i].entries, listings[i].exists, err = r.listNamespace(filepath.Join(r.root, names[i]))
		return err
	})
	if err != nil {
		return err
	}
	for i, l := range listings {
		if !l.exists {
			continue
		}
		if err := r.addNamespace(names[i], l.entries); err != nil {
			return err
		}
	}
	return nil
}

// addNamespace puts a namespace into the snapshot, its configurations without
// their values.
func (r *reader) addNamespace(name string, entries []entry) error {
	ns := plan.LiveNamespace{Name: name, Revision: folderRevision}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.config, b.config) })
	last := -1 // of the files, in entries
	for i, e := range entries {
		if e.foreign != "" {
			ns.Children++
		}
		switch {
		case !r.opts.Selection.Config(name, e.config):
			continue
		case e.foreign != "":
			r.foreign(plan.Key{Namespace: name, Config: e.config}, filepath.Join(name, e.file), e.foreign)
			continue
		case last >= 0 && entries[last].config == e.config:
			return ambiguous(filepath.Join(r.path, name), entries[last].file, e.file)
		}
		last = i
		r.files = append(r.files, file{
			namespace: len(r.snapshot.Namespaces), config: len(ns.Configs), name: e.file, link: e.link,
		})
		ns.Configs = append(ns.Configs, plan.LiveConfig{Name: e.config})
	}
	r.snapshot.Namespaces = append(r.snapshot.Namespaces, ns)
	return nil
}

// readFiles fills in the values.
func (r *reader) readFiles(ctx context.Context) error {
	var mu sync.Mutex
	done := 0
	progress := func() {
		if r.opts.Progress == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if done++; done%100 == 0 || done == len(r.files) {
			r.opts.Progress(done, len(r.files))
		}
	}
	return inParallel(ctx, "read", r.path, len(r.files), func(i int) error {
		f := &r.files[i]
		ns := &r.snapshot.Namespaces[f.namespace]
		path := filepath.Join(r.root, ns.Name, f.name)
		data, names, err := readFile(path)
		switch {
		case err == nil:
			f.names, f.outside = names, f.link && r.leadsOut(path)
			c := &ns.Configs[f.config]
			c.Value, c.Revision = fileValue(data), fileRevision(f.name, data)
		case isGone(path, err):
			f.gone = true
		case errors.Is(err, fs.ErrNotExist):
			return deadLink(path)
		default:
			return unreadable(path, err)
		}
		progress()
		return nil
	})
}

// readFile returns what a file holds, and how many names it has.
func readFile(path string) (data []byte, names uint64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	buffer := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	_, err = buffer.ReadFrom(f)
	return buffer.Bytes(), links(info), err
}

// dropGone takes out the configurations that were listed, and deleted before
// they were read.
func (r *reader) dropGone() {
	for _, f := range slices.Backward(r.files) {
		if f.gone {
			ns := &r.snapshot.Namespaces[f.namespace]
			ns.Configs = slices.Delete(ns.Configs, f.config, f.config+1)
		}
	}
}

// inParallel calls f with 0 to n-1, many at a time, and returns the first
// error. When ctx is done the error is one of doing deed to path.
func inParallel(ctx context.Context, deed, path string, n int, f func(i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	for worker := range min(n, parallel) {
		group.Go(func() error {
			for i := worker; i < n; i += parallel {
				if err := canceled(inner, deed, path); err != nil {
					return err
				}
				if err := f(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
