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

func (p place) ownerFile() string { return p.document(target.OwnerDocument) }
func (p place) marksFile() string { return p.document(target.MarksDocument) }

// marksMost is the maximum size of the file with the marks.
const marksMost = 16 << 20

// Owner implements target.Target.
func (t *Target) Owner(context.Context) ([]byte, error) {
	return t.document(place.ownerFile, smallMost)
}

// Marks implements target.Target.
func (t *Target) Marks(context.Context) ([]byte, error) {
	return t.document(place.marksFile, marksMost)
}

// SetDocuments implements target.Writer. Each document is written completely or not at
// all. SetDocuments compares the previous content of all documents first, and writes none
// if one has changed.
func (w *writer) SetDocuments(ctx context.Context, documents ...target.Document) error {
	p, unlock, err := w.enter(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, d := range documents {
		now, err := readOurs(p.document(d.Name), marksMost)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if !bytes.Equal(now, d.Before) {
			return target.ErrDocumentMoved
		}
	}
	for _, d := range documents {
		if err := p.setDocument(d); err != nil {
			return err
		}
	}
	return nil
}

func (p place) document(name string) string { return filepath.Join(p.state, name) }

func draftOf(path string) string { return path + ".tmp" }

// document returns the content of a file next to the folder, or nil if it does not exist.
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

// setDocument writes a document.
func (p place) setDocument(d target.Document) error {
	path := p.document(d.Name)
	draft := draftOf(path)
	if err := writePrivate(draft, d.After); err != nil {
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
