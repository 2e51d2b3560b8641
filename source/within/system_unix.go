//go:build unix

package within

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// identity identifies a file independently of its name.
type identity struct{ device, inode uint64 }

// identify returns a file's identity and its number of hard links.
func identify(info fs.FileInfo) (id identity, names uint64, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id, 0, false
	}
	return identity{uint64(stat.Dev), stat.Ino}, uint64(stat.Nlink), true //nolint:unconvert // types differ by system
}

// nonblock opens a named pipe without waiting for a writer.
const nonblock = syscall.O_NONBLOCK

// SyncFolder makes the changes to a folder's entries survive a power failure. It does
// nothing on file systems that do not support this.
func SyncFolder(path string) error {
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
