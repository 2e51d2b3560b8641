package within

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LinkError is the error of a write through a link in a checkout. The author of the
// link would choose where the file is written.
type LinkError struct {
	Path string // the file to write
	Link string // the link on the way to it
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("%s is a link in the repository, and confo-sync does not write through such links", e.Link)
}

// Output is the destination of a written file.
type Output struct {
	path string
	// InPlace says that the existing destination is written to and not replaced: a
	// device, a pipe, or a link outside checkouts.
	InPlace bool
}

// NewOutput returns the Output for path. It does not follow links in a checkout: if
// path itself is such a link, the file replaces it. If a folder on the way to path is
// such a link, the error is a *LinkError.
func NewOutput(path string) (Output, error) {
	path = filepath.Clean(path)
	if err := CheckFolder(filepath.Dir(path)); err != nil {
		return Output{}, err
	}
	link, err := firstLink(path)
	if err != nil {
		return Output{}, err
	}
	info, err := os.Lstat(path)
	there := err == nil && !info.Mode().IsRegular() && !info.IsDir()
	return Output{path: path, InPlace: there && link == ""}, nil
}

// CheckFolder returns a *LinkError if dir, or a folder on the way to it, is a link in a
// checkout. dir need not exist.
func CheckFolder(dir string) error {
	link, err := firstLink(dir)
	if err == nil && link != "" {
		err = &LinkError{Path: dir, Link: link}
	}
	return err
}

// OpenInPlace opens the destination and truncates it.
func (o Output) OpenInPlace(mode fs.FileMode) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	return os.OpenFile(o.path, flags, mode)
}

// CreateBeside creates a file with a random name in the folder of the destination. Put
// renames it.
func (o Output) CreateBeside(mode fs.FileMode) (*os.File, error) {
	name := filepath.Join(filepath.Dir(o.path), "."+filepath.Base(o.path)+"."+rand.Text())
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

// Put renames a file from CreateBeside to the destination and syncs the folder.
func (o Output) Put(created string) error {
	if err := os.Rename(created, o.path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(o.path))
}

// Real returns the path without links of a file in a tree that is to be written. If a
// link on the way is in a checkout, the error is a *LinkError. If the file does not
// exist, Real returns path.
func Real(path string) (string, error) {
	path = filepath.Clean(path)
	link, err := firstLink(path)
	if err == nil && link != "" {
		err = &LinkError{Path: path, Link: link}
	}
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return real, err
}
