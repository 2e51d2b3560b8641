//go:build unix

package archive

import (
	"errors"
	"os"
	"syscall"

	"github.com/gofrs/flock"
)

// lockDraft locks a draft until unlock is called or the process ends.
func lockDraft(path string) (unlock func(), err error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	_, err = lock.TryLock()
	return func() { lock.Close() }, err
}

// isFree reports whether no process has locked a draft. If it can't be locked, that is
// not known, and the answer is false.
func isFree(path string) bool {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	defer lock.Close()
	free, err := lock.TryLock()
	return err == nil && free
}

// syncFolder makes what happened in a folder outlive a power failure. File
// systems that can't be asked to are taken as they are.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
