package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// place is a destination file that is first written to a draft.
type place struct {
	file      *os.File // nil after put or drop
	unlock    func()
	path      string
	overwrite bool
}

// newPlace creates the draft. Only its owner can read it, whatever the umask is.
func newPlace(path string, overwrite bool) (*place, error) {
	path = filepath.Clean(path)
	_, err := within.NewOutput(path)
	var link *within.LinkError
	if errors.As(err, &link) {
		return nil, &Error{Message: plan.Printable(link.Link) + " is a link in the repository, and confo-sync does not write backups through such links", Next: "name a folder that is outside the repository or is not a link"}
	}
	if err != nil {
		return nil, failed("make", path, err)
	}
	switch info, err := os.Lstat(path); {
	case err == nil && !overwrite:
		return nil, &Exists{path}
	case err == nil && !info.Mode().IsRegular():
		return nil, &Error{Message: plan.Printable(path) + " is not a regular file, so a backup can't replace it", Next: "name a file, or a folder"}
	}
	f, unlock, err := createDraft(filepath.Dir(path))
	if err != nil {
		return nil, failed("make", path, err)
	}
	Step("draft made")
	return &place{file: f, unlock: unlock, path: path, overwrite: overwrite}, nil
}

// put syncs the draft to disk and moves it to its destination.
func (p *place) put() error {
	f := p.file
	beside := f.Name()
	defer p.unlock()
	err := errors.Join(f.Sync(), f.Close())
	p.file = nil
	Step("synced")
	if err == nil {
		err = p.rename(beside)
	}
	if err != nil {
		return errors.Join(err, remove(beside))
	}
	Step("put")
	if err := within.SyncFolder(filepath.Dir(p.path)); err != nil {
		return failed("sync the folder of", p.path, err)
	}
	return nil
}

func (p *place) rename(beside string) error {
	if !p.overwrite {
		// Unlike a rename, a link never replaces a file that was created meanwhile.
		switch err := os.Link(beside, p.path); {
		case err == nil:
			Step("linked")
			return remove(beside)
		case errors.Is(err, fs.ErrExist):
			return &Exists{p.path}
		}
		// Some file systems do not support links.
		if _, err := os.Lstat(p.path); err == nil {
			return &Exists{p.path}
		}
	}
	if err := os.Rename(beside, p.path); err != nil {
		return failed("write", p.path, err)
	}
	return nil
}

// drop deletes the draft, unless put has moved it.
func (p *place) drop() error {
	if p.file == nil {
		return nil
	}
	f := p.file
	p.file = nil
	defer p.unlock()
	f.Close() // its content is not needed
	return remove(f.Name())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove", path, err)
	}
	return nil
}

// failed returns the error of an action on a file. It contains the path only once.
func failed(deed, path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return fmt.Errorf("%s %s: %w", deed, plan.Printable(path), err)
}
