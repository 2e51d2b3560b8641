package git

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
)

// IsIn reports whether dir is in the working tree of a repository. It also returns true
// if there is a .git that git can't read.
func IsIn(ctx context.Context, dir string) bool {
	inside, failed, err := repository{dir: dir}.line(ctx, "rev-parse", "--is-inside-work-tree")
	return inside == "true" || (failed != "" || err != nil) && hasGit(dir)
}

// Past calls do for each version of a file in any commit, newest first, until do
// returns false. It calls nothing if the file is not in a repository. The error is an
// *Error if git refuses to read the repository.
func Past(ctx context.Context, path string, do func(data []byte) bool) error {
	r := repository{dir: filepath.Dir(path)}
	if _, failed, err := r.line(ctx, "rev-parse", "--show-prefix"); failed != "" || err != nil {
		switch {
		case !hasGit(r.dir):
			return nil
		case err != nil:
			return err
		}
		return r.refused(failed)
	}
	// The name of the file is not a pattern.
	out, failed, err := r.run(ctx, nil, "--literal-pathspecs", "log", "--all", "--no-show-signature", "--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "--", filepath.Base(path))
	switch {
	case err != nil:
		return err
	case failed != "":
		return r.refused(failed)
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(out) {
		// :100644 100644 BEFORE AFTER M<tab>path
		fields := strings.Fields(string(line))
		if len(fields) < 5 {
			continue
		}
		for _, object := range slices.Backward(fields[2:4]) {
			if seen[object] || strings.Trim(object, "0") == "" {
				continue
			}
			seen[object] = true
			data, failed, err := r.run(ctx, nil, "cat-file", "blob", object)
			if err != nil {
				return err
			}
			if failed == "" && !do(data) {
				return nil
			}
		}
	}
	return nil
}
