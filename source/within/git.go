package within

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// isGits reports whether a name is that of git's folder, or of the file that says
// where it is. Some file systems do not tell capitals apart.
func isGits(name string) bool { return strings.EqualFold(name, ".git") }

// isTop reports whether a folder is the top of a work tree.
func isTop(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// GitFolder returns git's own folder of the work tree at top, without links, or "" if it
// has none that exists. A linked work tree and a submodule have one of their own.
func GitFolder(top string) string {
	at := filepath.Join(top, ".git")
	if to := pointed(at); to != "" {
		if !isGitFolder(to) {
			return ""
		}
		at = to
	}
	real, err := filepath.EvalSymlinks(at)
	if info, stat := os.Stat(real); err != nil || stat != nil || !info.IsDir() {
		return ""
	}
	return real
}

// inGit reports whether a folder without links is one of git's own, or in one.
//
// A folder outside of every work tree is git's own if it looks so. In a work tree, a
// folder that looks so may as well be a part of the tree: it is git's own only if it is
// called .git or if a .git file in the tree leads to it. A work tree may itself be in a
// folder of git's own, so the search ends at the nearest top.
func (b *Bounds) inGit(dir string) bool {
	looks := false
	for at := dir; ; at = filepath.Dir(at) {
		switch {
		case isGits(filepath.Base(at)):
			return true
		case isTop(at):
			return b.isLedTo(at, dir, looks)
		case isGitFolder(at):
			looks = true
		}
		if at == filepath.Dir(at) {
			return looks
		}
	}
}

// isLedTo reports whether a .git file in a work tree leads to a folder or to one above
// it. Only for a folder that looks like git's own, the files of all of the tree count,
// and not just the one at its top.
func (b *Bounds) isLedTo(top, dir string, looks bool) bool {
	if looks {
		b.findGits(top)
	} else if pointed(filepath.Join(top, ".git")) != "" {
		b.noteGits(filepath.Join(top, ".git"))
	}
	for gits := range b.noted {
		if isBelow(dir, gits) && isBelow(gits, top) {
			return true
		}
	}
	return false
}

// isBelow reports whether a path is a folder or in it.
func isBelow(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// isGitFolder reports whether a folder is what git takes for its own, whatever its
// name: that of a repository, a submodule or a linked work tree.
func isGitFolder(dir string) bool {
	has := func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	}
	return has("HEAD") && (has("objects") && has("refs") || has("commondir"))
}

// isLinkToGits reports whether a file is another name of a file of git's own, in one
// of the repositories that the folder or the file are in, or below them.
func (b *Bounds) isLinkToGits(info fs.FileInfo, folder, path string) bool {
	id, names, ok := identify(info)
	if !ok || names < 2 {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, dir := range append([]string{folder, filepath.Dir(path)}, b.folders...) {
		if top := Repository(dir); top != "" {
			b.findGits(top)
		} else if dir == folder && dir != filepath.Dir(dir) {
			b.findGits(dir)
		}
	}
	return b.linked[id]
}

// findGits notes git's own folders of the work tree in a folder and of those below it.
func (b *Bounds) findGits(dir string) {
	if b.searched[dir] {
		return
	}
	b.searched[dir] = true
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !isGits(e.Name()) {
			return nil // a folder that can't be listed is not read either
		}
		b.noteGits(path)
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
}

// noteGits notes one of git's folders, and the files in it that have several names. It
// goes on to the folder that a .git file leads to, and to the one that a linked work
// tree shares.
func (b *Bounds) noteGits(path string) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil || b.noted[path] {
		return
	}
	b.noted[path] = true
	filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case e.IsDir() && at != path && isTop(at): // a work tree in a folder of git's own
			return fs.SkipDir
		case e.IsDir():
			return nil
		}
		if info, err := e.Info(); err == nil {
			if id, names, ok := identify(info); ok && names > 1 {
				b.linked[id] = true
			}
		}
		return nil
	})
	for _, pointer := range []string{path, filepath.Join(path, "commondir")} {
		if to := pointed(pointer); to != "" {
			b.noteGits(to)
		}
	}
}

// pointed returns the folder that a .git file or a commondir file names, or "".
func pointed(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 64<<10 {
		return ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	to := strings.TrimSpace(strings.TrimPrefix(string(content), "gitdir:"))
	if to == "" {
		return ""
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(path), to)
	}
	return filepath.Clean(to)
}
