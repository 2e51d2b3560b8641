//go:build unix

package archive

import (
	"errors"
	"os"
	"syscall"
)

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
