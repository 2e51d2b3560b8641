package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func (p place) ownerFile() string { return filepath.Join(p.state, "owner") }

// Owner implements target.Target.
func (t *Target) Owner(context.Context) ([]byte, error) {
	place, err := t.place()
	if err != nil {
		return nil, err
	}
	owner, err := os.ReadFile(place.ownerFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(place.ownerFile(), err)
	}
	return owner, nil
}

// Claim implements target.Writer.
func (w *writer) Claim(_ context.Context, owner []byte) error {
	place, err := w.target.place()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(place.root), 0o777); err != nil {
		return failed("make the folder", filepath.Dir(place.root), err)
	}
	if err := place.makeState(); err != nil {
		return err
	}
	temporary := place.ownerFile() + ".new"
	if err := writeSynced(temporary, 0o600, owner, nil); err != nil {
		return failed("write", temporary, err)
	}
	if err := os.Rename(temporary, place.ownerFile()); err != nil {
		return failed("write", place.ownerFile(), err)
	}
	return syncFolder(place.state)
}
