//go:build unix

package archive

import (
	"os"

	"github.com/gofrs/flock"
)

// lockDraft locks a draft until unlock is called or the process ends.
func lockDraft(path string) (unlock func(), err error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	_, err = lock.TryLock()
	return func() { lock.Close() }, err
}

// isFree reports whether no process has locked a draft. If this is unknown, it returns
// false.
func isFree(path string) bool {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	defer lock.Close()
	free, err := lock.TryLock()
	return err == nil && free
}
