package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// A batch touches many files, and a file system renames one at a time. So
// everything that could fail is done first and beside the tree: each new file is
// written and synced in a staging folder, and then a journal that lists every
// step. The journal gets its name by one rename, which is the commit: a crash
// before it has changed nothing, a crash after it has changed everything, as
// the next to come carries out the journal before doing anything else. Every
// step can be carried out twice.
//
// Undoing instead, from copies of what was there, would need as much writing
// and could fail for want of space just when it is needed.

// journalVersion is that of the journal's form.
const journalVersion = 1

// journal is a committed batch.
type journal struct {
	Version int    `json:"version"`
	Staging string `json:"staging"` // a folder beside the journal
	Steps   []step `json:"steps"`
}

// step is one change to the tree.
type step struct {
	Op     op     `json:"op"`
	Path   path   `json:"path"`
	Staged string `json:"staged,omitempty"` // of a write: a file in Staging
}

type op string

const (
	makeFolder   op = "mkdir"
	writeFile    op = "write"
	remove       op = "remove"
	removeFolder op = "rmdir"
)

// path is a place in the tree, relative to its root, or an absolute one where a
// link leads out of it. In JSON it is escaped as in a URL, as names need not be
// UTF-8.
type path string

func (p path) MarshalText() ([]byte, error) {
	return []byte((&url.URL{Path: string(p)}).EscapedPath()), nil
}

func (p *path) UnmarshalText(text []byte) error {
	s, err := url.PathUnescape(string(text))
	*p = path(s)
	return err
}

// in returns the path in the file system.
func (p path) in(root string) string {
	if filepath.IsAbs(string(p)) {
		return string(p)
	}
	return filepath.Join(root, string(p))
}

// pathOf is the inverse of in.
func pathOf(root, full string) path {
	if full == root {
		return "."
	}
	if inside, ok := strings.CutPrefix(full, root+string(filepath.Separator)); ok {
		return path(inside)
	}
	return path(full)
}

func (p place) journal() string { return filepath.Join(p.state, "journal.json") }

func (p place) hasJournal() bool {
	_, err := os.Lstat(p.journal())
	return err == nil
}

// Recover finishes what was committed and undoes what was not when an earlier
// Apply was cut short, and reports whether there was something to finish. A
// command that writes calls it before it takes a snapshot. It makes nothing
// where nothing was ever written.
func (t *Target) Recover(ctx context.Context) (finished bool, err error) {
	p, err := t.place()
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(p.state); errors.Is(err, fs.ErrNotExist) {
		return false, canceled(ctx, "recover", t.path)
	}
	unlock, err := t.lockToWrite(ctx, p, target.Run{Operation: "recovery"})
	if err != nil {
		return false, err
	}
	defer unlock()
	return t.recover(p)
}

// recover is Recover for who holds the lock.
func (t *Target) recover(p place) (finished bool, err error) {
	data, err := os.ReadFile(p.journal())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, p.removeLeftovers()
	case err != nil:
		return false, failed("read", p.journal(), err)
	}
	var j journal
	if err := json.Unmarshal(data, &j); err != nil {
		return false, target.WithHint(fmt.Errorf("read %s: %w", plan.Printable(p.journal()), err),
			"the file is damaged: compare the tree with what you want, and remove the file")
	}
	if j.Version != journalVersion {
		return false, target.WithHint(
			fmt.Errorf("%s has version %d, and this confo-sync knows %d", plan.Printable(p.journal()), j.Version, journalVersion),
			"finish it with the confo-sync that wrote it")
	}
	if err := t.carryOut(p, j); err != nil {
		// Of a batch that comes after it, this says that nothing was applied.
		return false, target.WithHint(
			fmt.Errorf("%w; %w", &Unfinished{Path: p.journal()}, err),
			"put right what stands in the way, and run this again")
	}
	return true, p.removeLeftovers()
}

// unfinished is the error of the batch at hand.
func (p place) unfinished(err error) error {
	return target.WithHint(&Unfinished{Path: p.journal(), Err: err},
		"put right what stands in the way: the next command that writes finishes the change")
}

// commit writes the journal. When it returns without an error, and only then,
// the batch is as good as applied.
func (t *Target) commit(p place, j journal) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(j); err != nil {
		return failed("write", p.journal(), err)
	}
	draft := p.journal() + ".tmp"
	if err := writeSynced(draft, 0o600, text.Bytes(), nil); err != nil {
		return failed("write", draft, err)
	}
	t.after("journal written")
	if err := os.Rename(draft, p.journal()); err != nil {
		return failed("write", p.journal(), err)
	}
	if err := syncFolder(p.state); err != nil {
		// It may or may not outlive a power failure. It need not if it goes.
		if err := os.Remove(p.journal()); err != nil {
			return p.unfinished(failed("remove", p.journal(), err))
		}
		return failed("sync", p.state, err)
	}
	t.after("committed")
	return nil
}

// carryOut takes every step of a committed batch, those taken before as well,
// and then forgets the batch.
func (t *Target) carryOut(p place, j journal) error {
	staging := filepath.Join(p.state, j.Staging)
	for i, s := range j.Steps {
		if err := s.carryOut(p.root, staging); err != nil {
			return err
		}
		t.after(fmt.Sprintf("step %d of %d", i+1, len(j.Steps)))
	}
	if err := syncTouched(p.root, j.Steps); err != nil {
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
func (s step) carryOut(root, staging string) error {
	full := s.Path.in(root)
	switch s.Op {
	case makeFolder:
		err := os.Mkdir(full, 0o777)
		if info, statErr := os.Stat(full); statErr == nil && info.IsDir() {
			return nil
		}
		if err != nil {
			return failed("make the folder", full, err)
		}
		return nil
	case writeFile:
		return moveInto(full, filepath.Join(staging, s.Staged))
	case remove:
		if err := os.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("remove", full, err)
		}
		return nil
	case removeFolder:
		if err := os.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotEmpty(err) {
			return failed("remove the folder", full, err)
		}
		return nil
	default:
		return fmt.Errorf("the journal has a step %s, which is unknown", plan.Quote(string(s.Op)))
	}
}

// moveInto puts a staged file into its place. When it is no longer staged, that
// was done before.
func moveInto(full, staged string) error {
	if _, err := os.Lstat(staged); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.Rename(staged, full)
	if errors.Is(err, fs.ErrNotExist) {
		// Its folder was removed after the commit. The commit stands.
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			return failed("make the folder", filepath.Dir(full), err)
		}
		err = os.Rename(staged, full)
	}
	if isOtherDevice(err) {
		err = copyInto(full, staged)
	}
	if err != nil {
		return failed("write", full, err)
	}
	return nil
}

// copyInto is for a place that can't be renamed into, though it is on the same
// device: a folder mounted in the tree. It writes as Confo does, so that a reader
// may see half a file; but a batch that is committed has to be finished.
func copyInto(full, staged string) error {
	data, err := os.ReadFile(staged)
	if err != nil {
		return err
	}
	if err := writeSynced(full, 0o666, data, nil); err != nil {
		return err
	}
	return os.Remove(staged)
}

// syncTouched makes the steps outlive a power failure.
func syncTouched(root string, steps []step) error {
	synced := map[string]bool{}
	for _, s := range steps {
		full := s.Path.in(root)
		dirs := []string{filepath.Dir(full)}
		if s.Op == makeFolder {
			dirs = append(dirs, full)
		}
		for _, dir := range dirs {
			if synced[dir] {
				continue
			}
			synced[dir] = true
			if err := syncFolder(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return failed("sync", dir, err)
			}
		}
	}
	return nil
}

// removeLeftovers removes what was staged and is of no more use. It is called
// when there is no journal.
func (p place) removeLeftovers() error {
	entries, err := os.ReadDir(p.state)
	if err != nil {
		return failed("read", p.state, err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), stagingPrefix) && e.Name() != filepath.Base(p.journal())+".tmp" {
			continue
		}
		full := filepath.Join(p.state, e.Name())
		if err := os.RemoveAll(full); err != nil {
			return failed("remove", full, err)
		}
	}
	return nil
}
