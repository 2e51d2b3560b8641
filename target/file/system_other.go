//go:build !unix

package file

import (
	"io/fs"
	"os"
)

const separators = `/\`

func device(fs.FileInfo) uint64 { return 0 }

func keepOwner(*os.File, fs.FileInfo) error { return nil }

func syncFolder(string) error { return nil }

func isOtherDevice(error) bool { return false }

// isNotEmpty can't tell, and a folder that can't be removed stays.
func isNotEmpty(error) bool { return true }

func isNotFolder(error) bool { return false }
