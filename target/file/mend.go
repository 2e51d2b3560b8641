package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Mend implements target.Mender. Each step is whole or not at all: a file is written
// beside the tree and moved into its place. They are no batch together; what a crash
// leaves undone the next run finds to do. No step goes through a link that leads out of
// the tree.
func (w *writer) Mend(ctx context.Context, mends []plan.Mend, progress func(done, total int)) (done int, err error) {
	p, unlock, err := w.enterFinished(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	if err := os.MkdirAll(p.root, 0o777); err != nil {
		return 0, failed("make the folder", p.root, err)
	}
	// The folder of both the tree and what is beside it.
	above, err := os.OpenRoot(filepath.Dir(p.root))
	if err != nil {
		return 0, failed("open", filepath.Dir(p.root), err)
	}
	defer above.Close()
	for _, m := range mends {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		if slices.ContainsFunc(strings.Split(m.Path, "/"), isGits) {
			return done, target.WithHint(fmt.Errorf("%s belongs to git, so confo-sync does not change it", plan.Printable(m.Path)), "make a new backup, which leaves out the files of git")
		}
		path := filepath.Join(filepath.Base(p.root), filepath.FromSlash(m.Path))
		if err := mend(above, filepath.Base(p.state), path, m); err != nil {
			return done, failed(deedOf(m), filepath.Join(p.root, filepath.FromSlash(m.Path)), err)
		}
		if done++; progress != nil {
			progress(done, len(mends))
		}
	}
	return done, syncFolder(p.root)
}

func deedOf(m plan.Mend) string {
	switch {
	case m.Action == plan.Delete:
		return "remove"
	case m.Chmod:
		return "change the mode of"
	}
	return "write"
}

// mend takes one step. Paths count from the folder above the tree.
func mend(above *os.Root, state, path string, m plan.Mend) error {
	switch {
	case m.Action == plan.Delete:
		if err := above.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case m.Chmod:
		return above.Chmod(path, fs.FileMode(m.Mode))
	case m.Link != "":
		return above.Symlink(m.Link, path)
	case m.Folder:
		return above.Mkdir(path, 0o700) // its mode comes when all is in it
	}
	beside := filepath.Join(state, "exact")
	_ = above.Remove(beside) // what a crash may have left
	f, err := above.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(m.Value.Reveal())
	if err = errors.Join(err, f.Chmod(fs.FileMode(m.Mode)), f.Sync(), f.Close()); err == nil {
		err = above.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(err, above.Remove(beside))
	}
	return nil
}

var _ target.Mender = (*writer)(nil)
