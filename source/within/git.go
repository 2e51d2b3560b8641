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

// inGit reports whether a folder without links is one of git's own, or in one. A
// work tree may be in a folder of git's own: the nearest of the two counts.
func inGit(dir string) bool {
	for at := dir; ; at = filepath.Dir(at) {
		switch {
		case isGits(filepath.Base(at)):
			return true
		case isTop(at):
			return false
		case isGitFolder(at):
			return true
		case at == filepath.Dir(at):
			return false
		}
	}
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
	id, links, ok := identify(info)
	if !ok || links < 2 {
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
	return b.gits[id]
}

// findGits notes the files of git's own in a folder and below it that have several
// names.
func (b *Bounds) findGits(dir string) {
	if b.read[dir] {
		return
	}
	b.read[dir] = true
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what can't be listed is not read either
		case isGits(e.Name()):
			b.noteGits(path)
		case e.IsDir() && isGitFolder(path) && !isTop(path):
			b.noteGits(path)
		default:
			return nil
		}
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
}

// noteGits notes the files in one of git's folders, in the one that a .git file
// leads to, and in the one that a linked work tree shares.
func (b *Bounds) noteGits(path string) {
	if b.read[path] {
		return
	}
	b.read[path] = true
	filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			if id, links, ok := identify(info); ok && links > 1 {
				b.gits[id] = true
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
