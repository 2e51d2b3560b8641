//go:build unix

package file

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const separators = "/"

// device returns the file system that something is on.
func device(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}

// keepOwner gives f the owner and group of what it will replace.
func keepOwner(f *os.File, replaced fs.FileInfo) error {
	want, ok := replaced.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if have, ok := info.Sys().(*syscall.Stat_t); ok && have.Uid == want.Uid && have.Gid == want.Gid {
		return nil
	}
	return f.Chown(int(want.Uid), int(want.Gid))
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

func isOtherDevice(err error) bool { return errors.Is(err, syscall.EXDEV) }

func isNotEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
}

func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
