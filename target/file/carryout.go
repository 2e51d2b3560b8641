package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
)

// carryOut executes all steps of a committed batch, including those that were executed
// before. Then it deletes the journal of the batch.
func (t *Target) carryOut(p place, j journal) error {
	staging := filepath.Join(p.state, j.Staging)
	if err := ours(staging, fs.ModeDir); err != nil {
		return failed("use", staging, err)
	}
	seen := "" // the folder that was checked last
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
	// The order of the following steps matters: after a power failure, the journal must
	// not come back, because the files may have changed since.
	if err := os.Remove(p.journal()); err != nil {
		return failed("remove", p.journal(), err)
	}
	if err := syncFolder(p.state); err != nil {
		return failed("sync", p.state, err)
	}
	t.after("journal removed")
	return nil
}

// carryOut executes one step, or finds that it was executed before. If someone else
// changes the tree in between, that change counts as later: for example, a namespace with
// new files is not removed.
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
		if errors.Is(err, fs.ErrNotExist) { // its folder does not exist, as in moveInto
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

// pathOf returns the path of a step.
func (p place) pathOf(s step) string {
	if s.Op == keepEntry {
		return s.Path.in(p.history())
	}
	return s.Path.in(p.root)
}

// notLedOut returns an error if a folder of the tree, or a folder above the root, was
// replaced by a link after the batch was committed.
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

// moveInto moves a staged file to its place. If the file is no longer staged, it was moved
// before.
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
		// Its folder was removed after the commit. The batch still counts as applied.
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

// chmod changes the permissions of a file or folder, and keeps other bits such as setgid.
// It ignores a file that somebody has removed or replaced by a link in the meantime.
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

// copyInto copies a file to a place that can't be renamed into although it is on the same
// device, such as a folder that is mounted in the tree. It writes as Confo does, so a
// reader may see a half-written file. This is accepted, because a committed batch must be
// finished.
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

// syncTouched makes sure that the steps survive a power failure.
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
