//go:build unix

package journal

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func isOtherDevice(err error) bool { return errors.Is(err, syscall.EXDEV) }

// ownerOf returns the user ID of a file's owner.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return os.Geteuid()
}

// mayWriteTo returns an error if files can't be created in a folder.
func mayWriteTo(dir string) error {
	const write = 2
	return syscall.Access(dir, write)
}
