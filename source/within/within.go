// Package within decides which files may be read, and where files may be written. It
// is the one place that does: every other package opens files with it.
//
//	root := within.Repository("config")            // the work tree that holds it
//	f, err := within.New(root).Open("config/a")    // ErrOutside if it is a link to /etc/shadow
//	f, err = within.Named("/dev/fd/3")             // a file that the operator names
//	out, err := within.NewOutput("plan.html")      // never follows a link in a checkout
//
// The premise: whoever can change a repository can put a link into it, or a path into
// its project file. Files that are read because of that must be in the repository, too,
// and must not belong to git, whose folder may hold tokens. Files that are written must
// not end up where such a link leads.
package within

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Repository returns the top of the git work tree that a folder is in, as it is
// called, or "" when it is in none. A link that leads out of a work tree is in
// that one, wherever it leads.
func Repository(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	var tops []string // the lowest first
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			tops = append(tops, at)
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	for _, top := range tops {
		if Holds(top, tops[len(tops)-1]) {
			return top
		}
	}
	return ""
}

// Root returns the repository that a folder is in, or else the folder itself.
func Root(dir string) string {
	if top := Repository(dir); top != "" {
		return top
	}
	return dir
}

// Holds reports whether one of the folders holds what path leads to. If there is
// nothing at path, the nearest folder above it that exists counts. Files of git's own,
// which may hold tokens, are not held.
func Holds(path string, folders ...string) bool { return New(folders...).Check(path) == nil }

// maxLinks is how many links to nothing are followed.
const maxLinks = 40

// resolve returns a path without links, as far as there is something.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for links := 0; ; {
		real, err := filepath.EvalSymlinks(abs)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || abs == filepath.Dir(abs) {
			return "", err
		}
		if to, dangling := os.Readlink(abs); dangling == nil { // it leads to nothing, but somewhere
			if links++; links > maxLinks {
				return "", err
			}
			if !filepath.IsAbs(to) {
				dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
				if err != nil {
					return "", err
				}
				to = filepath.Join(dir, to)
			}
			abs = to
			continue
		}
		abs, rest = filepath.Dir(abs), filepath.Join(filepath.Base(abs), rest)
	}
}
