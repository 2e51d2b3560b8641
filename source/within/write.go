package within

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LinkError is the error of a file that is not written, as a link in a checkout
// would lead the writing to where whoever put it there chose.
type LinkError struct {
	Path string // to write
	Link string // on the way to it
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("%s is a link in the repository, and confo-sync does not write through such links", e.Link)
}

// Output is where a file is to be written.
type Output struct {
	path string
	// In place says that what is there is written to, and not replaced by a file: a
	// device or a pipe, or a link that is in no checkout.
	InPlace bool
}

// NewOutput returns how the file at path is written. Links that a checkout holds are
// never followed: path itself is then replaced, and for a folder on the way to it the
// error is a *LinkError.
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

// CheckFolder returns a *LinkError if a folder that files are to be written to is a link
// in a checkout, or such a link is on the way to it. The folder need not exist.
func CheckFolder(dir string) error {
	link, err := firstLink(dir)
	if err == nil && link != "" {
		err = &LinkError{Path: dir, Link: link}
	}
	return err
}

// OpenInPlace opens what is there.
func (o Output) OpenInPlace(mode fs.FileMode) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	return os.OpenFile(o.path, flags, mode)
}

// CreateBeside creates a file in the same folder, under a name that nobody can
// foresee, to be renamed to the output's path.
func (o Output) CreateBeside(mode fs.FileMode) (*os.File, error) {
	name := filepath.Join(filepath.Dir(o.path), "."+filepath.Base(o.path)+"."+rand.Text())
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

// Put renames a file that CreateBeside created to the output's path, where it survives a
// power failure.
func (o Output) Put(created string) error {
	if err := os.Rename(created, o.path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(o.path))
}

// Real returns the path, without links, of a file of a tree that is to be written. A link
// in a checkout is never followed, wherever it leads: the error is then a *LinkError.
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
