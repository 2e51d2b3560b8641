package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// Save writes the files that change: all of them, or none. Modes stay, and of a
// new file only its owner may read it. A file that isn't any more what it was
// when the revision was made is an error.
func (r *Revision) Save() error { return SaveFiles(r.Files) }

// Undo brings back what was there before Save.
func (r *Revision) Undo() error {
	files := slices.Clone(r.Files)
	for i := range files {
		files[i].Before, files[i].After = files[i].After, files[i].Before
	}
	return SaveFiles(files)
}

// SaveFiles writes files that change, as Revision.Save does.
func SaveFiles(files []Revised) (err error) {
	var done []Revised
	defer func() {
		if err == nil {
			return
		}
		for _, f := range slices.Backward(done) {
			f.Before, f.After = f.After, f.Before
			err = errors.Join(err, f.save())
		}
	}()
	for _, f := range files {
		if err := f.unmoved(); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := f.save(); err != nil {
			return err
		}
		done = append(done, f)
	}
	return nil
}

// unmoved checks that a file is still what it was.
func (f Revised) unmoved() error {
	now, err := within.ReadNamed(f.Path, f.unit.references.Within...)
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.Before == nil:
		return nil
	case err == nil && f.Before != nil && bytes.Equal(now, f.Before):
		return nil
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return aboutFile(f.Shown, "the file has just been changed by somebody else, so nothing was written", "try again")
	}
	return fmt.Errorf("read %s: %w", plan.Printable(f.Shown), err)
}

func (f Revised) save() error {
	if f.After == nil {
		if err := os.Remove(f.Path); err != nil {
			return fmt.Errorf("remove %s: %w", plan.Printable(f.Shown), err)
		}
		os.Remove(filepath.Dir(f.Path)) // if nothing else is in it
		return nil
	}
	if err := f.write(); err != nil {
		return fmt.Errorf("write %s: %w", plan.Printable(f.Shown), err)
	}
	return nil
}

// write writes the file beside itself and puts it in its place.
func (f Revised) write() error {
	mode := fs.FileMode(0o600)
	path, err := within.Real(f.Path, f.unit.references.Within...)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(path), ".confo-sync-*")
	if of := (*fs.PathError)(nil); errors.As(err, &of) {
		return &fs.PathError{Op: "write", Path: path, Err: of.Err} // nobody has heard of the other
	}
	if err != nil {
		return err
	}
	defer os.Remove(beside.Name())
	_, err = beside.Write(f.After)
	if err = errors.Join(err, beside.Chmod(mode), beside.Sync(), beside.Close()); err != nil {
		return err
	}
	return os.Rename(beside.Name(), path)
}
