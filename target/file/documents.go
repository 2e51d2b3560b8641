package file

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/target"
)

func (p place) ownerFile() string { return filepath.Join(p.state, "owner") }
func (p place) marksFile() string { return filepath.Join(p.state, "marks") }

// marksMost is how large the file with the marks may be.
const marksMost = 16 << 20

// Owner implements target.Target.
func (t *Target) Owner(context.Context) ([]byte, error) {
	return t.document(place.ownerFile, smallMost)
}

// Marks implements target.Target.
func (t *Target) Marks(context.Context) ([]byte, error) {
	return t.document(place.marksFile, marksMost)
}

// Claim implements target.Writer.
func (w *writer) Claim(ctx context.Context, owner []byte) error {
	return w.setDocument(ctx, place.ownerFile, owner, nil)
}

// SetMarks implements target.Writer.
func (w *writer) SetMarks(ctx context.Context, before, marks []byte) error {
	return w.setDocument(ctx, place.marksFile, marks, func() error {
		now, err := w.target.Marks(ctx)
		if err == nil && !bytes.Equal(now, before) {
			err = target.ErrMarksMoved
		}
		return err
	})
}

func draftOf(path string) string { return path + ".tmp" }

// document returns the content of a file beside the folder, or nil if there is none.
func (t *Target) document(file func(place) string, most int64) ([]byte, error) {
	place, err := t.place()
	if err != nil {
		return nil, err
	}
	data, err := readOurs(file(place), most)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// setDocument writes a file beside the folder, whole or not at all, unless check, which is
// called under the lock, returns an error. It may be nil.
func (w *writer) setDocument(ctx context.Context, file func(place) string, data []byte, check func() error) error {
	p, unlock, err := w.enter(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if check != nil {
		if err := check(); err != nil {
			return err
		}
	}
	path := file(p)
	draft := draftOf(path)
	if err := writePrivate(draft, data); err != nil {
		_ = os.Remove(draft)
		return failed("write", draft, err)
	}
	if err := os.Rename(draft, path); err != nil {
		return failed("write", path, err)
	}
	if err := syncFolder(p.state); err != nil {
		return failed("sync", p.state, err)
	}
	return nil
}
