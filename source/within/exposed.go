package within

import (
	"io/fs"
	"os"
	"runtime"
)

// Exposed reports whether users other than the owner can read an open file. It also
// returns its permissions. Pipes and devices are never exposed.
func Exposed(f *os.File) (permissions fs.FileMode, exposed bool) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return 0, false
	}
	permissions = info.Mode().Perm()
	return permissions, permissions&0o044 != 0
}
