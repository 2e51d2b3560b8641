package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// File returns the content of the file at path. path is relative to the folder of the
// file from, which is the real path of the file with the reference.
//
// If the content is a single line, File removes the line break at its end. Otherwise it
// returns the content unchanged. The file, after links are followed, must be in the
// project or in an allowed folder. This prevents the author of a tree from reading
// other files of the machine that applies it. The error is an *Error.
func (r *Resolver) File(from, path string) (string, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return "", &Error{fmt.Sprintf("%s is not the name of a file", plan.Quote(path)), "write a path, as in !file secrets/password"}
	}
	content, err := r.find(from, filepath.FromSlash(path))
	if err != nil {
		return "", r.unresolved(unreadable(path, err))
	}
	line, ended := strings.CutSuffix(content, "\n")
	if !strings.Contains(line, "\n") {
		if ended {
			line = strings.TrimSuffix(line, "\r")
		}
		return line, nil
	}
	return content, nil
}

// find reads the file at a path.
func (r *Resolver) find(from, path string) (string, error) {
	folders := forms(filepath.Dir(from))
	for _, c := range r.checkouts {
		if at, ok := relative(forms(c.dir), folders); ok {
			folders = nil
			for _, original := range forms(c.original) {
				folders = append(folders, filepath.Join(original, at))
			}
			break
		}
	}
	places := join(folders, path)
	for _, c := range r.checkouts {
		if rel, ok := relative(forms(c.original), places); ok {
			content, err := read(within.New(c.dir), filepath.Join(c.dir, rel))
			if !errors.Is(err, fs.ErrNotExist) {
				return content, err
			}
		}
	}
	err := within.ErrOutside
	for _, place := range places {
		var content string
		if content, err = read(r.bounds, place); !errors.Is(err, within.ErrOutside) {
			r.found.add(place)
			return content, err
		}
	}
	return "", err
}

func (f *found) add(path string) {
	f.Lock()
	defer f.Unlock()
	f.paths = append(f.paths, path)
}

// join returns the possible absolute paths of path, relative to each of folders.
func join(folders []string, path string) []string {
	if filepath.IsAbs(path) {
		folders, path = forms(filepath.Dir(path)), filepath.Base(path)
	}
	var places []string
	for _, folder := range folders {
		places = append(places, filepath.Join(folder, path))
	}
	return places
}

// forms returns the absolute forms of a path: as written, and without links if that
// differs.
func forms(path string) []string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
		return []string{abs, real}
	}
	return []string{abs}
}

// relative returns the path of a place within a folder. Both are given in all their
// forms.
func relative(folders, places []string) (string, bool) {
	for _, folder := range folders {
		for _, place := range places {
			if rel, err := filepath.Rel(folder, place); err == nil && filepath.IsLocal(rel) {
				return rel, true
			}
		}
	}
	return "", false
}

// The reasons why a file can't be read, in addition to those of the system and of
// package within.
var (
	errLarge   = errors.New("too large")
	errNotUTF8 = errors.New("not UTF-8")
)

// read reads a file that bounds allow.
func read(bounds *within.Bounds, path string) (string, error) {
	f, err := bounds.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return "", err
	case len(content) > limit:
		return "", errLarge
	case !utf8.Valid(content):
		return "", errNotUTF8
	}
	return string(content), nil
}

// unreadable returns the error for a file that can't be read. path is the path as the
// user wrote it.
func unreadable(path string, err error) *Error {
	shown := plan.Printable(path)
	switch {
	case errors.Is(err, within.ErrGit):
		return &Error{shown + " belongs to git, and !file does not read the files of git because they may have tokens", "put the value in a file outside of .git"}
	case errors.Is(err, within.ErrOutside):
		return &Error{shown + " is outside the project", "move it into the project, or allow its folder with --allow-file DIR"}
	case errors.Is(err, within.ErrFolder):
		return &Error{shown + " is a folder", "name a file in it"}
	case errors.Is(err, within.ErrIrregular):
		return &Error{shown + " is not a regular file", "put the value in a file: a pipe or a device can't be read here"}
	case err == errLarge:
		return &Error{shown + " is larger than 16 MiB", "name another file, with a smaller value"}
	case err == errNotUTF8:
		return &Error{shown + " is not UTF-8", hintBase64}
	case errors.Is(err, fs.ErrNotExist):
		return &Error{"there is no file " + shown, "write the path relative to the folder of the file that refers to it"}
	case errors.Is(err, fs.ErrPermission):
		return &Error{shown + " can't be read: permission denied", "give this user permission to read it, or run confo-sync as another user"}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno // the complete error contains the real path
	}
	return &Error{fmt.Sprintf("%s can't be read: %s", shown, plan.Printable(err.Error())), "check that it is a file, and try again"}
}
