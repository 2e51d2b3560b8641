package project

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// Paths in a project file must be in its repository, or in its folder if there is no
// repository. Links are followed. The file may come from the author of a pull request,
// and the content of the named files is read and quoted in errors.

// hintOutside is the hint for a path that is intentionally outside.
const hintOutside = "move it into the repository, or allow its folder with --allow-file DIR"

// bounded reports an error for a path that is not allowed.
func (r *reader) bounded(n *yaml.Node, path string) bool {
	if r.holds(path) {
		return true
	}
	if errors.Is(r.bounds.Check(path), within.ErrGit) {
		r.fail(n, plan.Quote(n.Value)+" belongs to git, and confo-sync does not read the files of git because they may have tokens", "name a file or folder outside of .git")
		return false
	}
	r.fail(n, fmt.Sprintf("%s is outside %s", plan.Quote(n.Value), r.root()), hintOutside)
	return false
}

// holds reports whether a path may be read. After a "#" there may be a configuration of
// a file backend. It is read together with its namespace.
func (r *reader) holds(path string) bool {
	if r.bounds.Check(path) != nil {
		return false
	}
	at := strings.LastIndexByte(path, '#')
	if at < 0 {
		return true
	}
	namespace, _, _ := strings.Cut(path[at+1:], "/")
	folder := filepath.Join(path[:at], namespace)
	if r.bounds.Check(folder) != nil {
		return false
	}
	entries, _ := r.bounds.ReadDir(folder)
	return !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return r.bounds.Check(filepath.Join(folder, e.Name())) != nil
	})
}

// root describes the allowed folder.
func (r *reader) root() string {
	if within.Repository(r.project.Dir) != "" {
		return "the repository"
	}
	return "the folder of the project file"
}
