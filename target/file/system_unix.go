//go:build unix

package file

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const separators = "/"

// asItIs is how to open what is no link, and may be no file.
const asItIs = unix.O_NOFOLLOW | unix.O_NONBLOCK

// device returns the file system that something is on.
func device(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink)
	}
	return 1
}

// mayChange returns why this process may not make, move and remove what is in a
// folder, or nil.
func mayChange(dir string) error {
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

// remedy says what helps against an error, if that can be told from it.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free some space there"
	case errors.Is(err, syscall.EFBIG):
		return "raise the limit for the size of files (ulimit -f)"
	case errors.Is(err, syscall.EROFS):
		return "mount that file system for writing"
	case errors.Is(err, fs.ErrPermission):
		return "run this as a user with the permission, or give the permission to this user"
	default:
		return ""
	}
}

// keepGroup gives f the group of the folder that it will be in.
func keepGroup(f *os.File, folder fs.FileInfo) error {
	want, ok := folder.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if have, ok := info.Sys().(*syscall.Stat_t); ok && have.Gid == want.Gid {
		return nil
	}
	return f.Chown(-1, int(want.Gid))
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

// removeFile removes a file. A folder in its place is somebody else's and stays.
func removeFile(path string) error {
	err := uninterrupted(func() error { return syscall.Unlink(path) })
	if info, statErr := os.Lstat(path); err != nil && statErr == nil && info.IsDir() {
		return nil
	}
	return err
}

// removeEmpty removes a folder, unless somebody has put something into it or in
// its place.
func removeEmpty(path string) error {
	err := uninterrupted(func() error { return syscall.Rmdir(path) })
	if isNotEmpty(err) || isNotFolder(err) {
		return nil
	}
	return err
}

// uninterrupted is what package os does for its own calls.
func uninterrupted(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}

func isNotEmpty(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)
}

func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
