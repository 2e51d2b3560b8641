package source

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/source/within"
)

// Save writes the files that change: all of them, or none, also when the process is
// killed. Permissions stay, and of a new file only its owner may read it. A file that
// is not any more what it was when the revision was made is an error.
func (r *Revision) Save() error { return SaveFiles(r.tree, r.Files) }

// Undo brings back what was there before Save.
func (r *Revision) Undo() error { return SaveFiles(r.tree, Reversed(r.Files)) }

// Reversed returns the changes that undo those of files.
func Reversed(files []Revised) []Revised {
	files = slices.Clone(files)
	for i := range files {
		files[i].Before, files[i].After = files[i].After, files[i].Before
	}
	return files
}

// SaveFiles writes files that change, as Revision.Save does. They are in the tree, or in
// the folders beside it that tree names.
func SaveFiles(tree journal.Tree, files []Revised) error {
	var changes []journal.Change
	for _, f := range files {
		changes = append(changes, journal.Change{Path: f.Path, Shown: f.Shown, Before: f.Before, After: f.After, Shared: f.Shared})
	}
	return tree.Write(changes, func() error {
		for _, f := range files {
			if err := f.unmoved(); err != nil {
				return err
			}
		}
		return nil
	})
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
		return aboutFile(f.Shown, "nothing was written because somebody else has just changed the file", "try again")
	}
	return fmt.Errorf("read %s: %w", plan.Printable(f.Shown), err)
}
