//go:build !unix

package file

import (
	"errors"
	"io/fs"
	"os"
)

const separators = `/\`

const asItIs = 0

func device(fs.FileInfo) uint64 { return 0 }

func links(fs.FileInfo) uint64 { return 1 }

func mayChange(string) error { return nil }

func remedy(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "run this as a user with the permission, or give the permission to this user"
	}
	return ""
}

func keepGroup(*os.File, fs.FileInfo) error { return nil }

func keepOwner(*os.File, fs.FileInfo) error { return nil }

func syncFolder(string) error { return nil }

func isOtherDevice(error) bool { return false }

func removeFile(path string) error { return os.Remove(path) }

// removeEmpty can't tell why a folder can't be removed, and lets it stay.
func removeEmpty(path string) error {
	_ = os.Remove(path)
	return nil
}

func isNotFolder(error) bool { return false }
