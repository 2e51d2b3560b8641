// Package within tells whether a path, links followed, stays in folders.
//
//	root := within.Repository("config")     // the work tree that holds it
//	within.Holds("config/shop.yaml", root)  // false if it is a link to /etc/shadow
//
// Who can change what is in a repository can put a link there, or a path into a
// project file. What is read because of it must be in the repository, too.
package within

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// Holds reports whether one of the folders holds what path leads to. Of a path
// to nothing its folder counts, or the lowest above it that is there. What is git's
// own in a folder, which may be tokens, is not held by it.
func Holds(path string, folders ...string) bool {
	at, err := resolve(path)
	if err != nil {
		return false
	}
	for _, folder := range folders {
		real, err := resolve(folder)
		if err != nil {
			continue
		}
		if rel, err := filepath.Rel(real, at); err == nil && filepath.IsLocal(rel) && !isGits(rel) {
			return true
		}
	}
	return false
}

// isGits reports whether a path is of a .git, which some file systems find by other
// names, too.
func isGits(rel string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(rel), "/"), func(part string) bool { return strings.EqualFold(part, ".git") })
}

// resolve returns a path without links, as far as there is something.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(abs)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if _, dangling := os.Readlink(abs); dangling == nil || !errors.Is(err, fs.ErrNotExist) || abs == filepath.Dir(abs) {
			return "", err
		}
		abs, rest = filepath.Dir(abs), filepath.Join(filepath.Base(abs), rest)
	}
}
