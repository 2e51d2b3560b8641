package within

import (
	"io"
	"os"
	"path/filepath"
)

// Named opens a file that the operator names, which may be a pipe or a device. A
// path in a repository must not be led out of it by a link that is in it, except to
// the folders allowed: who can change the repository does not choose what is read.
func Named(path string, allowed ...string) (*os.File, error) {
	path = filepath.Clean(path)
	if err := CheckNamed(path, allowed...); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ReadNamed reads a file as Named opens it.
func ReadNamed(path string, allowed ...string) ([]byte, error) {
	f, err := Named(path, allowed...)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// CheckNamed returns the error of Named, without opening the file.
func CheckNamed(path string, allowed ...string) error {
	path = filepath.Clean(path)
	link, err := firstLink(path)
	if err != nil || link == "" {
		return err
	}
	return New(append([]string{checkoutOf(link)}, allowed...)...).Check(path)
}
