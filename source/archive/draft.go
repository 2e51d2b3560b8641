package archive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A backup is written to a draft next to its destination. The writing process holds a
// lock on the draft. If the process is killed, the lock is released, and prune can
// delete the draft.

// draftPrefix is the prefix of the names of drafts.
const draftPrefix = ".confo-sync-backup-"

// createDraft creates a draft that only its owner can read, and locks it.
func createDraft(dir string) (f *os.File, unlock func(), err error) {
	for {
		if f, err = os.CreateTemp(dir, draftPrefix+"*"); err != nil {
			return nil, nil, err
		}
		unlock = func() {}
		if err = f.Chmod(0o600); err == nil {
			unlock, err = lockDraft(f.Name())
		}
		// Prune may have deleted it before it was locked.
		if err == nil && isStill(f) {
			return f, unlock, nil
		}
		unlock()
		if err = errors.Join(err, f.Close(), remove(f.Name())); err != nil {
			return nil, nil, err
		}
	}
}

// isStill reports whether an open file is still at its path.
func isStill(f *os.File) bool {
	open, err := f.Stat()
	now, lstat := os.Lstat(f.Name())
	return err == nil && lstat == nil && os.SameFile(open, now)
}

// lookAtDraft returns the description of a draft. It returns false if the entry is not
// a draft.
func lookAtDraft(dir string, e fs.DirEntry) (Listed, bool) {
	path := filepath.Join(dir, e.Name())
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return Listed{}, false
	}
	return Listed{Path: path, Size: info.Size(), Draft: true, Writing: !isFree(path)}, true
}
