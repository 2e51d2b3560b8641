// Package journal changes files of a tree: all of them or none, even if the process is
// killed.
//
//	tree := journal.Tree{Dir: "config"}
//	did, err := tree.Recover()         // before the tree is read
//	err = tree.Write(changes, check)   // check runs under the lock, before any change
//
// A file system renames one file at a time. So Write works in three phases:
//
//  1. It writes every new file to a staging folder outside the tree.
//  2. It writes a journal that lists every step. One rename puts the journal in place.
//     This is the commit.
//  3. It takes the steps, which move the files.
//
// If the process is killed before the commit, no file has changed, and the next run
// removes the staged files. After the commit, the next run takes the remaining steps. A
// step can be repeated.
//
// If a step fails, Write commits a second journal that restores the old state, and
// takes its steps.
//
// The journal contains paths and no values. Its folder is a place that no commit of a
// repository can write to (see places). Its paths are checked nevertheless.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
)

// Tree is a folder whose files are changed together.
type Tree struct {
	// Dir is the folder. It need not exist.
	Dir string
	// Within are other folders whose files may be changed too, and that links in the
	// tree may lead to.
	Within []string
}

// Change is the change of one file.
type Change struct {
	Path string
	// Shown is the path as users write it.
	Shown string
	// Before is the current content, and After the new one. Either is nil if the file
	// does not exist. An existing file keeps its permissions.
	Before, After []byte
	// Shared gives a new file and its folder the permissions that the umask allows.
	// Otherwise only the owner can read them.
	Shared bool
}

// Recovery says what Recover did.
type Recovery int

const (
	// NothingLeft means that no earlier run was interrupted.
	NothingLeft Recovery = iota
	// Undone means that an earlier run was interrupted before it changed a file. Its
	// staged files were removed.
	Undone
	// Abandoned means that an earlier run was interrupted while it changed files, and
	// that somebody has restored the old files. Its staged files were removed.
	Abandoned
	// Finished means that an earlier run was interrupted while it changed files. The
	// remaining changes were made.
	Finished
)

// Step is called after each step of Write and Recover. Tests replace it.
var Step = func(name string) {}

// version is the version of the journal format.
const version = 1

// journal is a committed list of steps.
type journal struct {
	Version int    `json:"version"`
	Staging string `json:"staging"` // the name of the staging folder
	Steps   []step `json:"steps"`
}

// step is one change to a file or folder.
type step struct {
	Op     op     `json:"op"`
	Path   path   `json:"path"`
	Staged string `json:"staged,omitempty"` // name in the staging folder
	Mode   uint32 `json:"mode,omitempty"`   // permissions of the new file or folder
	// Was and Is are the hashes of the file before and after the step: see sum.
	Was string `json:"was,omitempty"`
	Is  string `json:"is,omitempty"`

	change *Change // set only in the process that made the journal
}

type op string

const (
	makeFolder   op = "mkdir"
	writeFile    op = "write"
	removeFile   op = "remove"
	removeFolder op = "rmdir" // only if it is empty
)

// path is the path of a file relative to the root, or an absolute path if the file is
// outside. In JSON it is escaped as in a URL, because names need not be UTF-8.
type path string

func (p path) MarshalText() ([]byte, error) {
	return []byte((&url.URL{Path: string(p)}).EscapedPath()), nil
}

func (p *path) UnmarshalText(text []byte) error {
	s, err := url.PathUnescape(string(text))
	*p = path(s)
	return err
}

// Write makes all changes or none. It calls check while it holds the lock on the tree.
// If check returns an error, Write changes nothing.
func (t Tree) Write(changes []Change, check func() error) (err error) {
	if len(changes) == 0 {
		return nil
	}
	s, err := t.open()
	if err != nil {
		return err
	}
	defer func() { s.close(err != nil) }()
	Step("locked")
	if _, err := s.recover(); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	steps, err := s.steps(changes)
	if err == nil {
		err = s.commit(steps)
	}
	if err != nil {
		return errors.Join(err, s.removeStaged())
	}
	return s.carryOut(steps)
}

// Recover finishes or undoes an interrupted earlier run. It changes nothing if there
// was none. If another process is changing files of the tree, Recover waits for it.
func (t Tree) Recover() (did Recovery, err error) {
	for _, p := range t.places() {
		if !p.hasLeft() {
			continue
		}
		patience := time.Duration(0) // do not wait, because no file of the tree has changed
		if p.hasJournal() {
			patience = wait
		}
		s, err := t.lock(p, patience)
		var busy *busyError
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // the other process has just ended
		case errors.As(err, &busy) && p.hasJournal():
			return did, finding(err.Error(), "wait until it has ended, and run the command again")
		case (errors.As(err, &busy) || errors.Is(err, fs.ErrPermission)) && !p.hasJournal():
			continue // the tree is complete, and other processes may need the staged files
		case err != nil:
			return did, finding("an interrupted command has changed some files of the tree, and the others can't be changed: "+err.Error(),
				"run this as the user of that command")
		}
		one, err := func() (Recovery, error) {
			defer s.close(false)
			Step("locked")
			return s.recover()
		}()
		if err != nil {
			return did, err
		}
		did = max(did, one)
	}
	return did, nil
}

// recover is Recover under the lock.
func (s *store) recover() (Recovery, error) {
	text, err := readOwn(s.journal())
	if errors.Is(err, fs.ErrNotExist) {
		staged := s.hasStaged()
		if err := s.removeStaged(); err != nil || !staged {
			return NothingLeft, err
		}
		return Undone, nil
	}
	var j journal
	if err == nil {
		err = json.Unmarshal(text, &j)
	}
	if err == nil {
		err = s.check(j)
	}
	if err != nil {
		return NothingLeft, finding(fmt.Sprintf("an interrupted command left a journal that can't be used: %s: %s", plan.Printable(s.journal()), plan.Printable(err.Error())),
			"correct the files of the tree, and remove "+plan.Printable(s.state))
	}
	s.staging = filepath.Join(s.state, j.Staging)
	edited, undone, err := s.sinceKilled(j.Steps)
	switch {
	case err != nil:
		return NothingLeft, err
	case len(edited) > 0:
		return NothingLeft, s.editedError(edited)
	case undone:
		return Abandoned, s.abandon(j.Steps)
	}
	for _, st := range j.Steps {
		if err := s.take(st); err != nil {
			return NothingLeft, finding("an interrupted command has changed some files of the tree, and the others can't be changed: "+err.Error(),
				"remove the cause, and run the command again")
		}
	}
	return Finished, s.forget(j.Steps)
}

// check returns an error if this program can't have written the journal.
func (s *store) check(j journal) error {
	if j.Version != version {
		return fmt.Errorf("it has version %d, and this confo-sync supports version %d", j.Version, version)
	}
	if !isStaging(j.Staging) {
		return fmt.Errorf("%s is not a staging folder", plan.Quote(j.Staging))
	}
	if info, err := os.Lstat(filepath.Join(s.state, j.Staging)); err != nil || !info.IsDir() {
		return fmt.Errorf("the staging folder %s is missing", plan.Quote(j.Staging))
	}
	for _, st := range j.Steps {
		switch st.Op {
		case makeFolder, writeFile, removeFile, removeFolder:
		default:
			return fmt.Errorf("the step %s is unknown", plan.Quote(string(st.Op)))
		}
		if st.Op == writeFile && (st.Staged != filepath.Base(st.Staged) || !filepath.IsLocal(st.Staged)) {
			return fmt.Errorf("%s is not a staged file", plan.Quote(st.Staged))
		}
		if err := s.mayChange(s.full(st.Path)); err != nil {
			return err
		}
	}
	return nil
}

// mayChange returns an error if Write must not change the file at a path.
func (s *store) mayChange(full string) error {
	if err := s.bounds.Check(full); err != nil {
		return fmt.Errorf("%s: %w", full, err)
	}
	if real := canonical(filepath.Dir(full)); real != filepath.Dir(full) {
		return fmt.Errorf("%s: a folder on the way to it is a link", full)
	}
	return nil
}

// full returns the path of a step in the file system.
func (s *store) full(p path) string {
	if filepath.IsAbs(string(p)) {
		return filepath.Clean(string(p))
	}
	return filepath.Join(s.root, filepath.FromSlash(string(p)))
}

// pathOf is the inverse of full.
func (s *store) pathOf(full string) path {
	if rel, err := filepath.Rel(s.root, full); err == nil && filepath.IsLocal(rel) {
		return path(filepath.ToSlash(rel))
	}
	return path(full)
}

// commit writes the journal. If it returns nil, the steps will be taken by this run or
// a later one.
func (s *store) commit(steps []step) error {
	text, err := json.MarshalIndent(journal{version, filepath.Base(s.staging), steps}, "", "  ")
	if err != nil {
		return failed("write", s.journal(), err)
	}
	if err := s.syncAll(steps); err != nil {
		return failed("write", s.staging, err)
	}
	for _, dir := range []string{s.staging, s.state} {
		if err := within.SyncFolder(dir); err != nil {
			return failed("write", dir, err)
		}
	}
	draft := s.journal() + draftSuffix
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove", draft, err)
	}
	_, err = createFile(draft, private, text)
	if err == nil {
		err = syncFile(draft)
	}
	if err != nil {
		return failed("write", draft, err)
	}
	Step("journal written")
	if err := os.Rename(draft, s.journal()); err != nil {
		return failed("write", s.journal(), err)
	}
	Step("committed")
	// If a power failure removes the journal, it also removes the first changes,
	// because their folders are synced later.
	if err := within.SyncFolder(s.state); err != nil {
		return errors.Join(failed("write", s.state, err), os.Remove(s.journal()))
	}
	return nil
}

// carryOut takes the steps of a committed journal. If one fails, it undoes the steps
// before it.
func (s *store) carryOut(steps []step) error {
	for i, st := range steps {
		err := s.unmoved(st)
		if err == nil {
			err = s.take(st)
		}
		if err == nil {
			continue
		}
		if undo := s.undo(steps[:i+1]); undo != nil {
			return errors.Join(err, finding("some files were changed, and the change could not be undone: "+undo.Error(),
				"remove the cause, and run the command again, which completes the change"))
		}
		return err
	}
	return s.forget(steps)
}

// undo restores the state before steps. The last step is the one that failed.
func (s *store) undo(steps []step) error {
	done := steps[:len(steps)-1]
	var back []Change
	var folders []step
	for _, st := range slices.Backward(done) {
		switch {
		case st.Op == makeFolder:
			folders = append(folders, step{Op: removeFolder, Path: st.Path})
		case st.change != nil:
			c := *st.change
			c.Before, c.After = c.After, c.Before
			back = append(back, c)
		}
	}
	undoing, err := s.steps(back)
	if err != nil {
		return err
	}
	undoing = slices.DeleteFunc(undoing, func(st step) bool { return st.Op == removeFolder })
	undoing = append(undoing, folders...)
	if err := s.commit(undoing); err != nil {
		return err
	}
	for _, st := range undoing {
		if err := s.take(st); err != nil {
			return err
		}
	}
	return s.forget(undoing)
}

// forget removes a journal after all its steps were taken.
func (s *store) forget(steps []step) error {
	synced := map[string]bool{}
	for _, st := range steps {
		dir := filepath.Dir(s.full(st.Path))
		if synced[dir] {
			continue
		}
		synced[dir] = true
		if err := within.SyncFolder(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("write", dir, err)
		}
	}
	Step("synced")
	// The journal must be removed first: if it reappears after a power failure, its
	// files may have been changed since.
	if err := os.Remove(s.journal()); err != nil {
		return failed("remove", s.journal(), err)
	}
	Step("journal removed")
	if err := within.SyncFolder(s.state); err != nil {
		return failed("write", s.state, err)
	}
	return s.removeStaged()
}

func isStaging(name string) bool {
	return strings.HasPrefix(name, stagingPrefix) && name == filepath.Base(name)
}
