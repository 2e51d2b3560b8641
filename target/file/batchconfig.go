package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

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
	case unlinked && c.Action == plan.Delete:
		f.deleted[file] = true
	case f.outside:
		return leadsOut(filepath.Join(b.place.root, c.Key.Namespace), f.path)
	case c.Action == plan.Update:
		return b.replace(c, full)
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
		b.conflict(c, target.Moved{Why: "has lost its namespace: someone else deleted it"})
		return nil
	case live != nil:
		b.conflict(c, target.Moved{Exists: true, Now: live.Value})
		return nil
	}
	if f.outside {
		return leadsOut(filepath.Join(b.place.root, c.Key.Namespace), f.path)
	}
	// Not listed under its name, and there all the same: a folder, or the file
	// of another configuration where capitals don't count.
	if _, err := os.Lstat(full); err == nil {
		return target.WithHint(fmt.Errorf("something else already exists at %s", plan.Printable(full)),
			"remove it, or rename the configuration")
	}
	like, info, err := b.nearest(f)
	if err != nil {
		return err
	}
	return b.write(c, full, like, info)
}

// nearest returns the folder that a new file in f takes after: f, or what f will
// be made in.
func (b *batch) nearest(f *liveFolder) (string, fs.FileInfo, error) {
	if f.info != nil {
		return f.path, f.info, nil
	}
	for _, dir := range []string{b.place.root, filepath.Dir(b.place.root)} {
		if info, err := os.Stat(dir); err == nil {
			return dir, info, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", nil, unreadable(dir, err)
		}
	}
	return "", nil, failed("find", filepath.Dir(b.place.root), fs.ErrNotExist)
}

// replace writes the file that full leads to.
func (b *batch) replace(c plan.Change, full string) error {
	resolved, err := filepath.EvalSymlinks(full)
	if err != nil {
		return unreadable(full, err)
	}
	if !b.within(resolved) {
		return leadsOut(full, resolved)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return unreadable(resolved, err)
	}
	if err := b.sameDevice(resolved, info); err != nil {
		return err
	}
	return b.write(c, resolved, resolved, info)
}

func (b *batch) write(c plan.Change, full, like string, info fs.FileInfo) error {
	if other, ok := b.targets[full]; ok {
		return target.WithHint(fmt.Errorf("%s and %s are the same file, %s",
			plan.Quote(other.String()), plan.Quote(c.Key.String()), plan.Printable(full)),
			"replace the link to the other with a file")
	}
	b.targets[full] = c.Key
	b.stage(step{Op: writeFile, Path: pathOf(b.place.root, full)}, write{data: stored(c.After), like: like, info: info})
	return nil
}
