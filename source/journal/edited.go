package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
)

// After a run was killed, users may edit files or restore old ones with git. The
// journal has hashes of each file before and after the change. So the next run notices
// this and never overwrites such a file.

// sum returns the hash of a file's content, and "" for no file.
func sum(data []byte) string {
	if data == nil {
		return ""
	}
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// sumOf returns the hash of a file in the tree. regular is false if it is not a regular
// file.
func sumOf(full string) (s string, regular bool, err error) {
	info, err := os.Lstat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", true, nil
	case err != nil:
		return "", false, err
	case !info.Mode().IsRegular():
		return "", false, nil
	}
	data, err := readOwn(full)
	if data == nil {
		data = []byte{}
	}
	return sum(data), true, err
}

// changesFile reports whether a step changes the content of a file.
func (st step) changesFile() bool { return st.Op == writeFile || st.Op == removeFile }

// sinceKilled compares the files with the journal of a killed process. edited are the
// files that somebody has changed since. undone reports whether some steps had been
// taken but all files have their old content again.
func (s *store) sinceKilled(steps []step) (edited []string, undone bool, err error) {
	last := -1 // the last step that was certainly taken
	for i, st := range steps {
		if st.Op == writeFile && !s.isStaged(st) {
			last = i
		}
	}
	var reverted []string
	undone = true
	for i, st := range steps {
		if !st.changesFile() || st.Was == st.Is {
			continue
		}
		full := s.full(st.Path)
		now, regular, err := sumOf(full)
		if err != nil {
			return nil, false, failed("read", full, err)
		}
		undone = undone && regular && now == st.Was
		switch {
		case !regular || now == st.Is || now == "": // nothing is lost
		case now != st.Was:
			edited = append(edited, full)
		case i <= last:
			reverted = append(reverted, full)
		}
	}
	if undone && len(reverted) > 0 {
		return nil, true, nil
	}
	return append(edited, reverted...), false, nil
}

// unmoved checks that a file has the same content as when the changes were made.
func (s *store) unmoved(st step) error {
	if !st.changesFile() {
		return nil
	}
	now, regular, err := sumOf(s.full(st.Path))
	if err == nil && regular && now != st.Was {
		return finding(plan.Printable(shown(st.change))+": nothing was written because somebody else has just changed the file", "try again")
	}
	return err
}

// stagedFile returns the path of the staged file of a step.
func (s *store) stagedFile(st step) string { return filepath.Join(s.staging, st.Staged) }

func (s *store) isStaged(st step) bool {
	_, err := os.Lstat(s.stagedFile(st))
	return err == nil
}

// abandon removes a journal whose changes somebody has undone, its new folders if they
// are empty, and the staged files.
func (s *store) abandon(steps []step) error {
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Op == makeFolder {
			os.Remove(s.full(steps[i].Path)) // fails if it is not empty
		}
	}
	return s.forget(steps)
}

// editedError is the error if files were changed after a command was killed.
func (s *store) editedError(edited []string) error {
	return finding("a command was killed while it changed files of the tree, and since then somebody has changed "+plan.Both(edited),
		fmt.Sprintf("correct the files of the tree, remove %s, and run the command again", plan.Printable(s.state)))
}
