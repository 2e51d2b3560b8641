package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// steps stages the new files of changes in a new staging folder, and returns the steps.
// Folders are created before the files in them. Folders that become empty are removed
// last.
func (s *store) steps(changes []Change) (steps []step, err error) {
	if s.staging, err = os.MkdirTemp(s.state, stagingPrefix); err != nil {
		return nil, failed("make a folder in", s.state, err)
	}
	Step("staging folder made")
	made := map[string]bool{}
	var emptied []string
	for i := range changes {
		c := &changes[i]
		full, err := s.real(c)
		if err != nil {
			return nil, err
		}
		if err := mayWriteTo(existing(filepath.Dir(full))); err != nil {
			return nil, failed("write", shown(c), err)
		}
		if info, err := os.Lstat(full); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("write %s: it is not a regular file", plan.Printable(shown(c)))
		}
		if c.After == nil {
			steps = append(steps, step{Op: removeFile, Path: s.pathOf(full), Was: sum(c.Before), change: c})
			if dir := filepath.Dir(full); !slices.Contains(emptied, dir) {
				emptied = append(emptied, dir)
			}
			continue
		}
		for _, dir := range missing(filepath.Dir(full)) {
			if !made[dir] {
				made[dir] = true
				steps = append(steps, step{Op: makeFolder, Path: s.pathOf(dir), Mode: uint32(folderMode(c))})
			}
		}
		st := step{Op: writeFile, Path: s.pathOf(full), Staged: fmt.Sprint(i), Was: sum(c.Before), Is: sum(c.After), change: c}
		if st.Mode, err = s.stage(c, full, st.Staged); err != nil {
			return nil, failed("write", shown(c), err)
		}
		steps = append(steps, st)
	}
	for _, dir := range emptied {
		steps = append(steps, step{Op: removeFolder, Path: s.pathOf(dir)})
	}
	return steps, nil
}

func shown(c *Change) string {
	if c.Shown != "" {
		return c.Shown
	}
	return c.Path
}

func folderMode(c *Change) fs.FileMode {
	if c.Shared {
		return 0o777
	}
	return privateFolder
}

// real returns the path of a change without links.
func (s *store) real(c *Change) (string, error) {
	full, err := within.Real(c.Path)
	var link *within.LinkError
	if errors.As(err, &link) {
		return "", finding(fmt.Sprintf("%s can't be written: %s is a link in the repository, and confo-sync does not write through such links",
			plan.Printable(shown(c)), plan.Printable(link.Link)), "edit the file that the link points to, or replace the link with a file")
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", plan.Printable(shown(c)), err)
	}
	full = canonical(full)
	return full, s.mayChange(full)
}

// missing returns dir and its parents that do not exist, outermost first.
func missing(dir string) (all []string) {
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil || dir == filepath.Dir(dir) {
			slices.Reverse(all)
			return all
		}
		all = append(all, dir)
	}
}

// existing returns dir, or its nearest existing parent.
func existing(dir string) string {
	if all := missing(dir); len(all) > 0 {
		return filepath.Dir(all[0])
	}
	return dir
}

// stage writes a new file to the staging folder. It returns the permissions that the
// file gets in its place. Until then only its owner can read it.
func (s *store) stage(c *Change, full, name string) (uint32, error) {
	usual := private
	if c.Shared {
		usual = 0o666
	}
	mode, err := createFile(filepath.Join(s.staging, name), usual, c.After)
	if err != nil {
		return 0, err
	}
	if info, err := os.Stat(full); err == nil {
		mode = info.Mode().Perm()
	}
	Step("file staged")
	return uint32(mode), nil
}

// createFile creates a file that only its owner can read. It returns the permissions
// that the umask would allow.
func createFile(name string, mode fs.FileMode, data []byte) (fs.FileMode, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, err
	}
	if info, err := f.Stat(); err == nil && mode != private {
		mode = info.Mode().Perm()
	}
	if err = f.Chmod(private); err == nil {
		_, err = f.Write(data)
	}
	return mode, errors.Join(err, f.Close())
}

// syncAll syncs the staged files of steps to disk, several at the same time.
func (s *store) syncAll(steps []step) error {
	var group sync.WaitGroup
	errs := make([]error, len(steps))
	turns := make(chan struct{}, 16)
	for i, st := range steps {
		if st.Op != writeFile {
			continue
		}
		turns <- struct{}{}
		group.Go(func() {
			errs[i] = syncFile(filepath.Join(s.staging, st.Staged))
			<-turns
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// take takes a step, unless it was already taken.
func (s *store) take(st step) (err error) {
	full := s.full(st.Path)
	called := full
	if st.change != nil {
		called = shown(st.change)
	}
	if err := s.mayChange(full); err != nil {
		return err
	}
	info, err := os.Lstat(full)
	if err == nil && !info.IsDir() && (!info.Mode().IsRegular() || st.Op == makeFolder) {
		return fmt.Errorf("%s is in the way", plan.Printable(called))
	}
	there := err == nil
	action := "write"
	switch err = nil; st.Op {
	case makeFolder:
		action = "make the folder"
		if !there {
			err = os.Mkdir(full, fs.FileMode(st.Mode).Perm())
		}
	case writeFile:
		err = s.put(st, full)
	case removeFile:
		action = "remove"
		if there {
			err = os.Remove(full)
		}
	case removeFolder:
		action = "remove the folder"
		if there && info.IsDir() {
			os.Remove(full) // fails if it is not empty
		}
	}
	if err != nil {
		return failed(action, called, err)
	}
	Step(string(st.Op))
	return nil
}

// rename is os.Rename. Tests replace it.
var rename = os.Rename

// put moves a staged file to its place. If the file is not staged any more, it was
// already moved.
func (s *store) put(st step, full string) error {
	staged := s.stagedFile(st)
	info, err := os.Lstat(staged)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("the staged file is not a regular file")
	}
	if err := os.Chmod(staged, fs.FileMode(st.Mode).Perm()); err != nil {
		return err
	}
	Step("permissions set")
	err = rename(staged, full)
	if isOtherDevice(err) {
		err = s.copyTo(st, staged, full)
	}
	return err
}

// copyTo handles a tree on another file system than the staging folder, such as a work
// tree whose git folder is on another disk. It copies the file to the folder of its
// place, and renames it. A repeated step uses the same name, so that no copy remains.
func (s *store) copyTo(st step, staged, full string) error {
	beside := filepath.Join(filepath.Dir(full), "."+filepath.Base(s.staging)+"-"+st.Staged)
	data, err := readOwn(staged)
	if err != nil {
		return err
	}
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = createFile(beside, private, data)
	Step("copied")
	if err == nil {
		err = syncFile(beside)
	}
	if err == nil {
		err = os.Chmod(beside, fs.FileMode(st.Mode).Perm())
	}
	if err == nil {
		err = os.Rename(beside, full)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(beside)))
	}
	return os.Remove(staged)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
