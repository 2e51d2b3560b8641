package git

import (
	"context"
	"path/filepath"
	"slices"
)

// Head returns the commit that is checked out at dir, with a "+" if the folder, or one of
// the files and folders in parts, has uncommitted changes. A part that is in no
// repository is not committed. Head returns "" if dir is not in a repository or there is
// no commit yet. The error is an *Error if git refuses to read the repository, or if
// there is a .git in which git finds no repository.
func Head(ctx context.Context, dir string, parts ...string) (string, error) {
	r := repository{dir: dir}
	_, failed, err := r.line(ctx, "rev-parse", "--show-prefix")
	switch {
	case err != nil:
		return "", err
	case failed != "" && inNone(failed) && !hasGit(dir):
		return "", nil
	case failed != "":
		return "", r.refused(failed)
	}
	commit, failed, err := r.line(ctx, "rev-parse", "--verify", "--quiet", "HEAD")
	if failed != "" || err != nil {
		return "", err
	}
	inside, outside := r.split(ctx, parts)
	changed, failed, err := r.status(ctx, append(inside, ".")...)
	switch {
	case err != nil:
		return "", err
	case failed != "":
		return "", r.refused(failed)
	}
	if changed || slices.ContainsFunc(outside, func(path string) bool {
		r := repository{dir: filepath.Dir(path)}
		changed, failed, err := r.status(ctx, path)
		return changed || failed != "" || err != nil
	}) {
		commit += "+"
	}
	return commit, nil
}

// Changed reports whether one of the files has uncommitted changes. A file that is in no
// repository, or that git ignores, has none.
func Changed(ctx context.Context, paths ...string) bool {
	for len(paths) > 0 {
		r := repository{dir: filepath.Dir(paths[0])}
		inside, outside := r.split(ctx, paths)
		if len(inside) == 0 {
			paths = paths[1:]
			continue
		}
		if changed, _, _ := r.status(ctx, inside...); changed {
			return true
		}
		paths = outside
	}
	return false
}

// status reports whether files and folders have uncommitted changes.
func (r repository) status(ctx context.Context, paths ...string) (changed bool, failed string, err error) {
	out, failed, err := r.line(ctx, slices.Concat([]string{"--literal-pathspecs", "status", "--porcelain", "--"}, paths)...)
	return out != "", failed, err
}

// split returns the paths inside the working tree of the repository, and the others, in
// absolute form. A link is returned together with the path that it leads to.
func (r repository) split(ctx context.Context, paths []string) (inside, outside []string) {
	if len(paths) == 0 {
		return nil, nil
	}
	top, failed, err := r.line(ctx, "rev-parse", "--show-toplevel")
	known := failed == "" && err == nil && top != ""
	for _, path := range paths {
		for _, form := range formsOf(path) {
			rel, err := filepath.Rel(filepath.FromSlash(top), form)
			if known && err == nil && filepath.IsLocal(rel) {
				inside = append(inside, form)
			} else {
				outside = append(outside, form)
			}
		}
	}
	return inside, outside
}

// formsOf returns the absolute path without links in the folders above it, and if it is a
// link itself, also the path that it leads to.
func formsOf(path string) []string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return []string{path}
	}
	named := abs
	if above, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		named = filepath.Join(above, filepath.Base(abs))
	}
	if led, err := filepath.EvalSymlinks(abs); err == nil && led != named {
		return []string{named, led}
	}
	return []string{named}
}
