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

// History implements target.Target. An unfinished batch is reported as an
// *Unfinished: its entry may be there, and what it tells of not yet.
func (t *Target) History(ctx context.Context, from string) ([]target.Entry, error) {
	p, err := t.place()
	if err != nil {
		return nil, err
	}
	unlock, _, err := t.lockToRead(ctx, p)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := p.earlierUnfinished(); err != nil {
		return nil, err
	}
	dir := p.history()
	files, err := os.ReadDir(dir) // by name
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unreadable(dir, err)
	}
	var entries []target.Entry
	for _, f := range files {
		if f.Name() < from || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		if err := canceled(ctx, "read", dir); err != nil {
			return nil, err
		}
		path := filepath.Join(dir, f.Name())
		data, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // pruned meanwhile
		case err != nil:
			return nil, unreadable(path, err)
		default:
			entries = append(entries, target.Entry{Name: f.Name(), Data: data})
		}
	}
	return entries, nil
}
