package within

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// firstLink returns the first link on the way to path that is in a checkout, or "".
// path itself is included.
//
// Links outside checkouts are followed, because the operator of the machine made them.
// They may lead into a checkout. So the location of a link matters, not the form of
// path.
func firstLink(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	at := top(path)
	rest := components(path)
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0]) // this also works for "..", because at has no links
		rest = rest[1:]
		info, err := os.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
			return "", nil
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			at = next
			continue
		case checkoutOf(next) != "":
			return next, nil
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(to) {
			at = top(to)
		}
		rest = append(components(to), rest...)
	}
	return "", nil
}

// top returns the root folder of an absolute path.
func top(path string) string {
	return filepath.VolumeName(path) + string(filepath.Separator)
}

// components returns the elements of a path.
func components(path string) []string {
	path = path[len(filepath.VolumeName(path)):]
	return strings.FieldsFunc(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(byte(r)) })
}

// A checkout has one of these entries at its top, or one of these CI variables names
// it. A checkout from an archive has no such entry.
var (
	keptAtTop   = []string{".git", ".hg", ".svn", ".jj", ".bzr"}
	ciCheckouts = []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY", "BITBUCKET_CLONE_DIR"}
)

// isCheckout reports whether a folder without links is the top of a checkout.
func isCheckout(dir string) bool {
	return slices.ContainsFunc(keptAtTop, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	}) || slices.ContainsFunc(ciCheckouts, func(variable string) bool {
		checkout := os.Getenv(variable)
		if checkout == "" {
			return false
		}
		real, err := filepath.EvalSymlinks(checkout)
		return err == nil && real == dir
	})
}

// checkoutOf returns the highest parent of a link that is the top of a checkout, or "".
// For a link in /dev or /proc, it does not search above these folders.
func checkoutOf(link string) string {
	found := ""
	for at := filepath.Dir(link); at != "/dev" && at != "/proc"; at = filepath.Dir(at) {
		if isCheckout(at) {
			found = at
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return found
}
