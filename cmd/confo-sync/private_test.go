package main

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// private PATH… fails unless each file there is for its owner alone, and each folder
// with all that is in it. ! private PATH… fails if one of them is.
func privateModes(ts *testscript.TestScript, neg bool, args []string) {
	for _, arg := range args {
		count := 0
		err := filepath.WalkDir(ts.MkAbs(arg), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Lstat(path)
			if err != nil {
				return err
			}
			count++
			want := fs.FileMode(private)
			if info.IsDir() {
				want = 0o700
			}
			if got := info.Mode().Perm(); (got == want) == neg {
				ts.Fatalf("%s has the mode %o", path, got)
			}
			return nil
		})
		ts.Check(err)
		ts.Logf("%d files and folders in %s", count, arg)
	}
}
