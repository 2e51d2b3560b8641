package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/target"
)

// history is the folder that entries are in.
func (p place) history() string { return filepath.Join(p.state, "history") }

// AsItIs returns the same tree, whose history is read though a batch is unfinished: the
// batch's own entry may be lacking.
func (t *Target) AsItIs() target.Target {
	as := *t
	as.asIs = true
	return &as
}

// readHistory reads while nobody writes. An unfinished batch is reported as an
// *Unfinished: its entry may be lacking.
func (t *Target) readHistory(ctx context.Context, read func(dir string) error) error {
	p, err := t.place()
	if err != nil {
		return err
	}
	unlock, _, err := t.lockToRead(ctx, p)
	if err != nil {
		return err
	}
	defer unlock()
	if err := p.earlierUnfinished(); err != nil && !t.asIs {
		return err
	}
	return read(p.history())
}

// HistoryNames implements target.Target.
func (t *Target) HistoryNames(ctx context.Context, sizes bool) (entries []target.EntryInfo, err error) {
	err = t.readHistory(ctx, func(dir string) error {
		files, err := os.ReadDir(dir) // by name
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return unreadable(dir, err)
		}
		for _, f := range files {
			if strings.HasPrefix(f.Name(), ".") {
				continue
			}
			entry := target.EntryInfo{Name: f.Name()}
			if sizes {
				info, err := f.Info()
				if err != nil {
					return unreadable(filepath.Join(dir, f.Name()), err)
				}
				entry.Size = int(info.Size())
			}
			entries = append(entries, entry)
		}
		return canceled(ctx, "read", dir)
	})
	return entries, err
}

// History implements target.Target.
func (t *Target) History(ctx context.Context, names []string, each func(target.Entry) error) error {
	return t.readHistory(ctx, func(dir string) error {
		for _, name := range names {
			if err := canceled(ctx, "read", dir); err != nil {
				return err
			}
			data, err := readOurs(filepath.Join(dir, filepath.Base(name)), entryMost)
			var foreign *foreign
			switch {
			case errors.Is(err, fs.ErrNotExist): // pruned meanwhile
				continue
			case err != nil && !errors.As(err, &foreign):
				return err
			}
			if err := each(target.Entry{Name: name, Data: data, Err: err}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forget implements target.Writer.
func (w *writer) Forget(ctx context.Context, names []string) error {
	p, unlock, err := w.enterFinished(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range names {
		if err := canceled(ctx, "remove", name); err != nil {
			return err
		}
		path := filepath.Join(p.history(), filepath.Base(name))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("remove", path, err)
		}
	}
	return nil
}
