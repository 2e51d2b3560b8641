package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func (p place) ownerFile() string  { return filepath.Join(p.state, "owner") }
func (p place) ownerDraft() string { return p.ownerFile() + ".tmp" }

// Owner implements target.Target.
func (t *Target) Owner(context.Context) ([]byte, error) {
	place, err := t.place()
	if err != nil {
		return nil, err
	}
	owner, err := readOurs(place.ownerFile(), smallMost)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return owner, err
}

// Claim implements target.Writer.
func (w *writer) Claim(ctx context.Context, owner []byte) error {
	p, unlock, err := w.enter(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := writePrivate(p.ownerDraft(), owner); err != nil {
		_ = os.Remove(p.ownerDraft())
		return failed("write", p.ownerDraft(), err)
	}
	if err := os.Rename(p.ownerDraft(), p.ownerFile()); err != nil {
		return failed("write", p.ownerFile(), err)
	}
	if err := syncFolder(p.state); err != nil {
		return failed("sync", p.state, err)
	}
	return nil
}
