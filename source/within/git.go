package within

import (
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// isGits reports whether a name is that of git's folder or .git file on any file
// system. Some ignore case, and some (HFS+) ignore invisible characters. Windows
// ignores trailing blanks and dots and the text after a colon, and has short names.
func isGits(name string) bool {
	name = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return r
	}, name)
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(name, ". ")
	return strings.EqualFold(name, ".git") || strings.EqualFold(name, "git~1")
}

// IsGitsName reports whether a path element is the name of git's own file or folder.
func IsGitsName(name string) bool { return isGits(name) }

// isTop reports whether a folder is the top of a work tree.
func isTop(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// GitFolder returns git's own folder for the work tree at top, without links. It
// returns "" if there is none. A linked work tree and a submodule have their own
// folder.
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

// inGit reports whether a folder without links is in one of git's own folders. The
// search ends at the nearest top of a work tree, because a work tree may itself be in
// one of git's own folders.
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

// isGitFolder reports whether git would use a folder as its own, whatever its name:
// that of a repository, bare or not, of a submodule or of a linked work tree.
func isGitFolder(dir string) bool {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	return (has("objects") && has("refs") || has("commondir")) && isHead(filepath.Join(dir, "HEAD"))
}

// isHead reports whether git accepts a file as the HEAD of a repository: it names a
// branch or a commit, or is a link to a branch, as in old versions.
func isHead(path string) bool {
	if to, err := os.Readlink(path); err == nil && strings.HasPrefix(to, "refs/") {
		return true
	}
	content := strings.TrimSpace(small(path))
	if branch, ok := strings.CutPrefix(content, "ref:"); ok {
		return strings.HasPrefix(strings.TrimSpace(branch), "refs/")
	}
	_, err := hex.DecodeString(content)
	return err == nil && len(content) >= 40
}

// isLinkToGits reports whether a file is a hard link to one of git's own files, in the
// repositories of the folder and the file or below them.
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

// findGits records git's own folders for the work tree in dir and for those below it.
func (b *Bounds) findGits(dir string) {
	if b.searched[dir] {
		return
	}
	b.searched[dir] = true
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // a folder that can't be listed can't be read either
		}
		if !isGits(e.Name()) && !(e.IsDir() && isGitFolder(path)) {
			return nil
		}
		b.noteGits(path)
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
}

// noteGits records one of git's folders, and its files with several hard links. It
// continues with the folder that a .git file names, and with the one that a linked work
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
		case e.IsDir() && at != path && isTop(at): // a work tree inside one of git's own folders
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

// pointed returns the folder that a .git or commondir file names, or "".
func pointed(path string) string {
	to := strings.TrimSpace(strings.TrimPrefix(small(path), "gitdir:"))
	if to == "" {
		return ""
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(path), to)
	}
	return filepath.Clean(to)
}

// small returns the content of a small regular file, or "".
func small(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 64<<10 {
		return ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content)
}
