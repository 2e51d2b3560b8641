package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/source/within"
)

// tree returns the tree in a folder, whose files change together with those of the
// overlays and with the project file. What --allow-file names is only read: a journal in a
// stranger's archive must not write there.
func (a *app) tree(dir string) journal.Tree {
	t := journal.Tree{Dir: dir, Within: append(a.folders(), within.Root(dir))}
	if a.project != nil {
		t.Within = append(t.Within, a.project.Root, a.project.Path)
	}
	return t
}

// treeOf returns the tree that files belong to. Files that are in none are a tree of
// their own, with the folder of the first of them.
func (a *app) treeOf(files []source.Revised) journal.Tree {
	folders := a.folders()
	var outside []string
	for _, f := range files {
		dir := filepath.Dir(f.Path)
		if !within.Holds(dir, folders...) && !slices.Contains(outside, dir) {
			outside = append(outside, dir)
		}
	}
	dir := "."
	switch {
	case len(folders) > 0 && len(outside) < len(files):
		dir = folders[0]
	case len(outside) > 0:
		dir = outside[0]
	}
	t := a.tree(dir)
	t.Within = append(t.Within, outside...)
	return t
}

// recoverTrees finishes or undoes what an interrupted command left in the trees of
// folders. It reports whether files have changed. It changes nothing of a commit.
func (a *app) recoverTrees(dirs ...string) (changed bool, err error) {
	for _, dir := range dirs {
		if strings.HasPrefix(dir, git.Prefix) {
			continue
		}
		one, err := a.recoverTree(a.tree(dir))
		if err != nil {
			return changed, err
		}
		changed = changed || one
	}
	return changed, nil
}

func (a *app) recoverTree(t journal.Tree) (changed bool, err error) {
	if a.readOnly {
		return false, nil
	}
	did, err := t.Recover()
	switch did {
	case journal.Finished:
		a.notice("Finished the changes of an interrupted command to the files of the tree.")
	case journal.Abandoned:
		a.notice("Undid the changes of an interrupted command. Its files have their previous content again.")
	case journal.Undone:
		a.notice("Removed the temporary files of an interrupted command. It had not changed any file of the tree.")
	}
	return did == journal.Finished, err
}
