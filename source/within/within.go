// Package within decides which files may be read, and where files may be written. All
// other packages use it to open files.
//
//	root := within.Repository("config")            // the work tree that holds it
//	f, err := within.New(root).Open("config/a")    // ErrOutside if it is a link to /etc/shadow
//	f, err = within.Named("/dev/fd/3")             // a file that the operator names
//	out, err := within.NewOutput("plan.html")      // never follows a link in a checkout
//
// Threat model: everybody who can change a repository can add a link to it, or a path
// to its project file. Files that are read because of such a link or path must be in
// the repository, too. They must not be git's own files, which may contain tokens.
// Files must not be written to a place that such a link leads to.
package within

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Repository returns the top of the git work tree that contains dir, with the links of
// dir, or "". If dir is a link out of a work tree, this work tree is returned.
func Repository(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	var tops []string // innermost first
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

// Root returns the repository of a folder, or the folder itself if there is none.
func Root(dir string) string {
	if top := Repository(dir); top != "" {
		return top
	}
	return dir
}

// Holds reports whether path leads to a file or folder in one of the folders. If path
// does not exist, Holds uses the nearest existing parent. It returns false for git's
// own files.
func Holds(path string, folders ...string) bool { return New(folders...).Check(path) == nil }

// maxLinks is the maximum number of dangling links to follow.
const maxLinks = 40

// resolve returns a path without links, as far as it exists.
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
		if to, dangling := os.Readlink(abs); dangling == nil { // a dangling link
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
