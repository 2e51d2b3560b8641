package archive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A backup is written to a draft beside its place. The process that writes it holds a
// lock on it. If that process is killed, the lock is free, and the draft can be removed.

// draftPrefix is how names of drafts begin.
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
		// Before it was locked, prune may have removed it.
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

// lookAtDraft returns what a draft is, if it is one.
func lookAtDraft(dir string, e fs.DirEntry) (Listed, bool) {
	path := filepath.Join(dir, e.Name())
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return Listed{}, false
	}
	return Listed{Path: path, Size: info.Size(), Draft: true, Writing: !isFree(path)}, true
}
