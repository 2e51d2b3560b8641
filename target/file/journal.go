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
	"strconv"
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
// A staged file is private until it is moved, when it gets its mode; its owner it
// has from the beginning. File systems that keep the order of what they are told
// keep that of the two as well.
//
// Undoing instead, from copies of what was there, would need as much writing
// and could fail for want of space just when it is needed.

// The versions of the journal's form. Only those with links or modes have the newer one.
const (
	journalVersion      = 2
	journalExactVersion = 3
)

// journal is a committed batch.
type journal struct {
	Version int    `json:"version"`
	Staging string `json:"staging"` // a folder beside the journal
	Steps   []step `json:"steps"`
	// Run is the run that the batch is of.
	Run target.Interrupted `json:"run,omitzero"`
}

// step is one change to the tree, or to the history beside it.
type step struct {
	Op     op     `json:"op"`
	Path   path   `json:"path"`
	Staged string `json:"staged,omitempty"` // what is moved to Path: a file in Staging
	Mode   perm   `json:"mode,omitzero"`    // that it has from then on
}

type op string

const (
	makeFolder   op = "mkdir"
	writeFile    op = "write"
	remove       op = "remove"
	removeFolder op = "rmdir"
	placeLink    op = "link"
	setMode      op = "chmod"
	keepEntry    op = "keep" // in the history, under the name that Path is
)

// perm is the permissions of a file, in JSON as chmod takes them.
type perm fs.FileMode

func (m perm) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04o", uint32(m)), nil }

func (m *perm) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 9)
	*m = perm(n)
	return err
}

// path is a place in the tree, relative to its root. In JSON it is escaped as in
// a URL, as names need not be UTF-8.
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
func (p path) in(root string) string { return filepath.Join(root, string(p)) }

// pathOf is the inverse of in, for what is in the tree.
func pathOf(root, full string) path {
	if full == root {
		return "."
	}
	return path(strings.TrimPrefix(full, root+string(filepath.Separator)))
}

// check returns why the journal can't be one that this program wrote, or nil.
// Nothing that it says reaches beyond the tree and what is beside it.
func (j journal) check() error {
	if j.Staging != filepath.Base(j.Staging) || !strings.HasPrefix(j.Staging, stagingPrefix) {
		return fmt.Errorf("it names %s, which is not a staging folder", plan.Quote(j.Staging))
	}
	for _, s := range j.Steps {
		moves := s.Op == writeFile || s.Op == placeLink || s.Op == keepEntry
		switch s.Op {
		case makeFolder, writeFile, placeLink, setMode, remove, removeFolder, keepEntry:
		default:
			return fmt.Errorf("it has an unknown step %s", plan.Quote(string(s.Op)))
		}
		if !filepath.IsLocal(string(s.Path)) || s.Op == keepEntry && string(s.Path) != filepath.Base(string(s.Path)) {
			return fmt.Errorf("it has a step at %s, which is outside the target", plan.Quote(string(s.Path)))
		}
		if moves && (s.Staged != filepath.Base(s.Staged) || !filepath.IsLocal(s.Staged)) {
			return fmt.Errorf("it has a step with %s, which is not a staged file", plan.Quote(s.Staged))
		}
	}
	return nil
}

func (p place) journal() string      { return filepath.Join(p.state, "journal.json") }
func (p place) journalDraft() string { return p.journal() + ".tmp" }

func (p place) hasJournal() bool {
	_, err := os.Lstat(p.journal())
	return err == nil
}

// Recover finishes what was committed and undoes what was not when an earlier
// Apply was cut short. It says which, and of which run it finished a batch. A command that writes calls it before it
// takes a snapshot. It makes nothing where nothing was ever written.
func (t *Target) Recover(ctx context.Context) (did target.Recovery, of target.Interrupted, err error) {
	p, err := t.place()
	if err != nil {
		return target.NothingLeft, of, err
	}
	if _, err := os.Lstat(p.state); errors.Is(err, fs.ErrNotExist) {
		return target.NothingLeft, of, canceled(ctx, "recover", t.path)
	}
	unlock, err := t.lockToWrite(ctx, p, target.Run{Operation: "recovery"}, p.lastWriter)
	if err != nil {
		return target.NothingLeft, of, err
	}
	defer unlock()
	of = p.interrupted()
	if did, err = t.recover(p); did != target.Finished {
		of = target.Interrupted{}
	}
	return did, of, err
}

// recover is Recover for who holds the lock.
func (t *Target) recover(p place) (target.Recovery, error) {
	data, err := readOurs(p.journal(), stateMost)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		removed, err := p.removeLeftovers()
		if removed {
			return target.Undone, err
		}
		return target.NothingLeft, err
	case err != nil:
		return target.NothingLeft, err
	}
	var j journal
	err = json.Unmarshal(data, &j)
	if err == nil && j.Version != journalVersion && j.Version != journalExactVersion {
		return target.NothingLeft, target.WithHint(
			fmt.Errorf("%s has version %d, and this confo-sync supports versions up to %d", plan.Printable(p.journal()), j.Version, journalExactVersion),
			"run the version of confo-sync that wrote it")
	}
	if err == nil {
		err = j.check()
	}
	if err != nil {
		return target.NothingLeft, target.WithHint(fmt.Errorf("read %s: %w", plan.Printable(p.journal()), err),
			"compare the configurations with the ones you want, then remove this file, which is damaged")
	}
	if err := t.carryOut(p, j); err != nil {
		// Of a batch that comes after it, this says that nothing was applied.
		return target.NothingLeft, target.WithHint(
			fmt.Errorf("%w; %w", &Unfinished{Path: p.journal()}, err),
			remedyOr(err, "remove the cause")+", and run the command again")
	}
	_, err = p.removeLeftovers()
	return target.Finished, err
}

// earlierUnfinished is the error for who reads where a batch is unfinished, or nil.
func (p place) earlierUnfinished() error {
	if !p.hasJournal() {
		return nil
	}
	again := "run the command that was interrupted again"
	if of := p.interrupted(); of.Operation != "" {
		again = fmt.Sprintf("run the same %s again", plan.Printable(of.Operation))
	}
	return target.WithHint(&Unfinished{Path: p.journal()}, again+": like every command that writes, it completes that change first")
}

// interrupted returns the run that a batch is of that is committed and not carried out.
func (p place) interrupted() target.Interrupted {
	var j struct {
		Run target.Interrupted `json:"run"`
	}
	if data, err := readOurs(p.journal(), stateMost); err != nil || json.Unmarshal(data, &j) != nil {
		return target.Interrupted{} // why it can't be read, recover says
	}
	return j.Run
}

// unfinished is the error of the batch at hand.
func (p place) unfinished(err error) error {
	return target.WithHint(&Unfinished{Path: p.journal(), Err: err},
		remedyOr(err, "remove the cause")+": the next command that writes completes the change")
}

func remedyOr(err error, otherwise string) string {
	if do := remedy(err); do != "" {
		return do
	}
	return otherwise
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
	if text.Len() > stateMost {
		return target.WithHint(fmt.Errorf("%d changes are too many for one journal", len(j.Steps)), "apply the namespaces one by one: --namespace NAME")
	}
	draft := p.journalDraft()
	if err := writePrivate(draft, text.Bytes()); err != nil {
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

// removeLeftovers removes what was staged and is of no more use. It is called
// when there is no journal, and reports whether there was anything.
func (p place) removeLeftovers() (removed bool, err error) {
	entries, err := os.ReadDir(p.state)
	if err != nil {
		return false, failed("read", p.state, err)
	}
	for _, e := range entries {
		full := filepath.Join(p.state, e.Name())
		if !strings.HasPrefix(e.Name(), stagingPrefix) && full != p.journalDraft() && full != draftOf(p.ownerFile()) && full != draftOf(p.marksFile()) {
			continue
		}
		if err := os.RemoveAll(full); err != nil {
			return removed, failed("remove", full, err)
		}
		removed = true
	}
	return removed, nil
}
