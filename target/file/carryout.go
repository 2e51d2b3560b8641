package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
)

// carryOut takes every step of a committed batch, those taken before as well,
// and then forgets the batch.
func (t *Target) carryOut(p place, j journal) error {
	staging := filepath.Join(p.state, j.Staging)
	if err := ours(staging, fs.ModeDir); err != nil {
		return failed("use", staging, err)
	}
	seen := "" // the folder that was looked at last
	for i, s := range j.Steps {
		if dir := filepath.Dir(p.pathOf(s)); dir != seen && s.Op != keepEntry {
			if err := p.notLedOut(dir); err != nil {
				return err
			}
			seen = dir
		}
		if err := p.carryOut(s, staging); err != nil {
			return err
		}
		t.after(fmt.Sprintf("step %d of %d", i+1, len(j.Steps)))
	}
	if err := p.syncTouched(j.Steps); err != nil {
		return err
	}
	t.after("synced")
	// The steps that follow are taken in this order so that the journal never
	// comes back after a power failure, when what it did may long be outdated.
	if err := os.Remove(p.journal()); err != nil {
		return failed("remove", p.journal(), err)
	}
	if err := syncFolder(p.state); err != nil {
		return failed("sync", p.state, err)
	}
	t.after("journal removed")
	return nil
}

// carryOut takes one step, or finds that it was taken. What someone else does
// to the tree in between counts as done after it: a namespace that got new
// files stays.
func (p place) carryOut(s step, staging string) error {
	full := p.pathOf(s)
	if s.Op == keepEntry {
		if err := makePrivate(p.history()); err != nil {
			return failed("make the folder", p.history(), err)
		}
		return s.moveInto(full, staging)
	}
	switch s.Op {
	case makeFolder:
		mode := fs.FileMode(0o777)
		if s.Mode != 0 {
			mode = fs.FileMode(s.Mode)
		}
		err := os.Mkdir(full, mode)
		if errors.Is(err, fs.ErrNotExist) { // its folder, as in moveInto
			err = os.MkdirAll(full, 0o777)
		}
		if info, statErr := os.Stat(full); statErr == nil && info.IsDir() {
			return nil
		}
		if err != nil {
			return failed("make the folder", full, err)
		}
		return nil
	case writeFile, placeLink:
		return s.moveInto(full, staging)
	case setMode:
		if err := chmod(full, fs.FileMode(s.Mode)); err != nil {
			return failed("change the mode of", full, err)
		}
		return nil
	case remove:
		if err := removeFile(full); err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotFolder(err) {
			return failed("remove", full, err)
		}
		return nil
	case removeFolder:
		if err := removeEmpty(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("remove the folder", full, err)
		}
		return nil
	default:
		return fmt.Errorf("the journal has an unknown step %s", plan.Quote(string(s.Op)))
	}
}

// pathOf returns where a step is taken.
func (p place) pathOf(s step) string {
	if s.Op == keepEntry {
		return s.Path.in(p.history())
	}
	return s.Path.in(p.root)
}

// notLedOut makes sure that a folder of the tree, or what is above the root, has
// not been replaced by a link since the batch was committed.
func (p place) notLedOut(dir string) error {
	resolved, err := filepath.EvalSymlinks(dir)
	switch {
	case err == nil && resolved != dir:
		return leadsOut(dir, resolved)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotFolder(err):
		return failed("find", dir, err)
	}
	return nil
}

// moveInto puts a staged file into its place. When it is no longer staged, that
// was done before.
func (s step) moveInto(full, staging string) error {
	staged := filepath.Join(staging, s.Staged)
	if _, err := os.Lstat(staged); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(staging); err != nil {
			return failed("find the staged file in", staging, err)
		}
		return nil
	}
	kind := fs.FileMode(0)
	if s.Op == placeLink {
		kind = fs.ModeSymlink
	}
	if err := ours(staged, kind); err != nil {
		return failed("use", staged, err)
	}
	if mode := fs.FileMode(s.Mode); mode != privateFile && kind == 0 {
		if err := os.Chmod(staged, mode); err != nil {
			return failed("set the mode of", staged, err)
		}
	}
	err := os.Rename(staged, full)
	if errors.Is(err, fs.ErrNotExist) {
		// Its folder was removed after the commit. The commit stands.
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			return failed("make the folder", filepath.Dir(full), err)
		}
		err = os.Rename(staged, full)
	}
	if isOtherDevice(err) && kind == 0 {
		err = copyInto(full, staged)
	}
	if err != nil {
		if kind == 0 {
			_ = os.Chmod(staged, privateFile)
		}
		return failed("write", full, err)
	}
	return nil
}

// chmod changes the permissions of a file or folder, and keeps setgid and the like. What
// somebody has removed or replaced by a link meanwhile stays as it is.
func chmod(full string, mode fs.FileMode) error {
	info, err := os.Lstat(full)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil
	}
	if err == nil {
		err = os.Chmod(full, mode|info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
	}
	return err
}

// copyInto is for a place that can't be renamed into, though it is on the same
// device: a folder mounted in the tree. It writes as Confo does, so that a reader
// may see half a file; but a batch that is committed has to be finished.
func copyInto(full, staged string) error {
	data, err := os.ReadFile(staged)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	if err := writeSynced(f, data); err != nil {
		return err
	}
	return os.Remove(staged)
}

// syncTouched makes the steps outlive a power failure.
func (p place) syncTouched(steps []step) error {
	synced := map[string]bool{}
	for _, s := range steps {
		full := p.pathOf(s)
		dirs := []string{filepath.Dir(full)}
		switch s.Op {
		case makeFolder:
			dirs = append(dirs, full)
		case keepEntry:
			dirs = append(dirs, p.state)
		}
		for _, dir := range dirs {
			if synced[dir] {
				continue
			}
			synced[dir] = true
			if err := syncFolder(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotFolder(err) {
				return failed("sync", dir, err)
			}
		}
	}
	return nil
}
