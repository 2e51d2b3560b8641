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

// HistoryNames implements target.Target.
func (t *Target) HistoryNames(ctx context.Context, sizes bool) ([]target.EntryInfo, error) {
	place, err := t.place()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(place.state, historyFolder)
	files, err := os.ReadDir(dir) // by name
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unreadable(dir, err)
	}
	var entries []target.EntryInfo
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") {
			continue
		}
		entry := target.EntryInfo{Name: f.Name()}
		if sizes {
			info, err := f.Info()
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue // pruned meanwhile
			case err != nil:
				return nil, unreadable(filepath.Join(dir, f.Name()), err)
			}
			entry.Size = int(info.Size())
		}
		entries = append(entries, entry)
	}
	return entries, canceled(ctx, "read", dir)
}

// History implements target.Target.
func (t *Target) History(ctx context.Context, names []string) ([]target.Entry, error) {
	place, err := t.place()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(place.state, historyFolder)
	var entries []target.Entry
	for _, name := range names {
		if err := canceled(ctx, "read", dir); err != nil {
			return nil, err
		}
		path := filepath.Join(dir, filepath.Base(name))
		data, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // pruned meanwhile
		case err != nil:
			return nil, unreadable(path, err)
		default:
			entries = append(entries, target.Entry{Name: name, Data: data})
		}
	}
	return entries, nil
}

// Forget implements target.Writer.
func (w *writer) Forget(ctx context.Context, names []string) error {
	place, err := w.target.place()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := canceled(ctx, "remove", name); err != nil {
			return err
		}
		path := filepath.Join(place.state, historyFolder, filepath.Base(name))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("remove", path, err)
		}
	}
	return nil
}
