// Package apply applies a plan to a target. It takes the target's lock and splits the
// changes into batches. It writes each batch with its history entry as one transaction.
// Then it reads the target again and verifies the result.
//
// This package owns the order of the changes, the format of history entries and the
// result of an apply. The target turns a batch into a transaction.
package apply

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Options say how a plan is applied and what the history records about the apply.
type Options struct {
	Who    string // the user who applies it
	Actor  string // the user that the CI job runs for; empty outside CI
	Host   string // the host of the process
	PID    int
	Reason string
	Commit string // the commit of the tree
	Tool   string // name and version of the program
	Plan   string // fingerprint of the approved plan
	// Operation is promote, restore or rollback. It is empty for an apply of a tree.
	// Undoes is the ID of the apply that a rollback undoes. From is the backup or the
	// environment whose values are written.
	Operation, Undoes, From string

	NoHistory bool
	NoLock    bool
	// LockTimeout is how long to wait for the lock. Waiting is called with the run that
	// holds it, and again when another run holds it.
	LockTimeout time.Duration
	Waiting     func(holder target.Run)

	// Lost is called when the answer to a transaction was lost. atMost is the longest
	// time that it takes to find out whether the transaction was applied.
	Lost func(atMost time.Duration)

	// Progress is called with the number of applied changes, AccessProgress with the
	// number of ACLs that are set.
	Progress, AccessProgress func(done, total int)

	// Owner, if set, becomes the owner of the target. If the target has another owner,
	// Run returns an *Owned error, unless TakeOver is set.
	Owner    *Owner
	TakeOver bool

	// Marks are all marks that the caller knows, current and former. Run adds them to
	// the marks that are stored with the target.
	Marks plan.Marks

	// Rebase, if set, is called when a batch conflicts. It returns the changes again,
	// based on the current values at the target. It returns nil if the conflict is
	// real.
	Rebase func(ctx context.Context, changes []plan.Change) ([]plan.Change, error)

	// Verify, if set, makes Run read the written namespaces again and compare them with
	// the plan. Run still holds the lock, so no other run can write in between.
	Verify *Verification
}

// Verification says what the target must equal after the apply.
type Verification struct {
	Desired  *plan.Tree
	Options  plan.Options // the options that the plan was made with
	Progress func(done, total int)
}

// Result says what was applied.
type Result struct {
	ID           string
	Transactions int
	Applied      []plan.Change
	Access       int // number of ACLs that were set
	// NotPruned says why old history entries could not be deleted. The apply does not
	// fail because of it.
	NotPruned error
	// MarksNotKept says why a run without a lock could not store its marks with the
	// target. The apply does not fail because of it.
	MarksNotKept error
}

// Stopped is the error of an apply that did not finish. The Result says which changes
// were applied before.
type Stopped struct {
	Failed       []plan.Change // the changes of the failed batch; none if the apply stopped between two batches
	Unknown      []plan.Change // the changes of a batch with an unknown outcome
	NotAttempted int           // number of changes in the batches after it
	AccessLeft   int           // number of ACLs that are not set
	Err          error         // the reason
}

func (s *Stopped) Error() string { return s.Err.Error() }
func (s *Stopped) Unwrap() error { return s.Err }

// Run applies the changes of a plan, batch by batch. It stops at the first failure. If
// ctx is canceled, it finishes the current batch and stops. In both cases the error is
// a *Stopped. If the verification finds a difference, the error matches ErrNotAsWanted.
func Run(ctx context.Context, t target.Target, p *plan.Plan, opts Options) (Result, error) {
	batches := Batches(p.Changes, t.Limits(), !opts.NoHistory)
	now := time.Now()
	result := Result{ID: newID(now)}
	stopped := func(at int, err error) error {
		s := &Stopped{Err: err, AccessLeft: len(p.Access)}
		for i, b := range batches[at:] {
			var unknown *target.Unknown
			switch {
			case i == 0 && errors.As(err, &unknown):
				s.Unknown = b
			case i == 0 && !errors.Is(err, context.Cause(ctx)):
				s.Failed = b
			default:
				s.NotAttempted += len(b)
			}
		}
		return s
	}
	w, err := t.Begin(ctx, target.Run{
		ID: result.ID, Who: opts.Who, Host: opts.Host, PID: opts.PID, Operation: cmp.Or(opts.Operation, "apply"), Since: now,
		NoLock: opts.NoLock, Wait: opts.LockTimeout, Waiting: opts.Waiting, Lost: opts.Lost, Root: p.Root,
	})
	unbegun := func(err error) error {
		return &Stopped{Err: err, NotAttempted: len(p.Changes), AccessLeft: len(p.Access)}
	}
	if err != nil {
		return result, unbegun(err)
	}
	defer w.End()
	if err := claim(ctx, t, w, opts); err != nil {
		return result, unbegun(err)
	}
	if err := keepMarks(ctx, t, w, opts, &result); err != nil {
		return result, unbegun(err)
	}
	if !opts.NoHistory {
		if result.ID, err = nextID(ctx, t, now); err != nil {
			return result, unbegun(err)
		}
	}
	encoding, stopEncoding := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEncoding()
	header := func(number int) Header {
		return Header{
			ID: result.ID, Batch: number, Of: len(batches), Time: time.Now().UTC().Truncate(time.Millisecond),
			Who: opts.Who, Host: opts.Host, Actor: opts.Actor, Reason: opts.Reason, Commit: opts.Commit, Tool: opts.Tool, Plan: opts.Plan,
			Operation: opts.Operation, Undoes: opts.Undoes, From: opts.From,
		}
	}
	entries := entriesAhead(encoding, batches, !opts.NoHistory, header)
	for i, changes := range batches {
		if ctx.Err() != nil {
			return result, stopped(i, context.Cause(ctx))
		}
		entry := <-entries
		if entry.err != nil {
			return result, stopped(i, entry.err)
		}
		b := target.Batch{ID: result.ID, Number: i + 1, Changes: changes, Entry: entry.data}
		err := w.Apply(ctx, b)
		for range rebases {
			if err = opts.rebase(ctx, w, &b, err, header); !isConflict(err) {
				break
			}
		}
		changes = b.Changes
		var lost *target.LockLost
		if err == nil || errors.As(err, &lost) && lost.Applied {
			result.Transactions++
			result.Applied = append(result.Applied, changes...)
			if opts.Progress != nil {
				opts.Progress(len(result.Applied), len(p.Changes))
			}
		}
		switch {
		case err == nil:
		case lost != nil && lost.Applied:
			return result, &Stopped{Err: err, NotAttempted: len(p.Changes) - len(result.Applied), AccessLeft: len(p.Access)}
		default:
			return result, stopped(i, err)
		}
	}
	if len(p.Access) > 0 {
		setter, ok := w.(target.AccessSetter)
		if !ok {
			return result, &Stopped{Err: errors.New("this target does not support ACLs"), AccessLeft: len(p.Access)}
		}
		if result.Access, err = setter.SetAccess(ctx, p.Access, opts.AccessProgress); err != nil {
			return result, &Stopped{Err: err, AccessLeft: len(p.Access) - result.Access}
		}
	}
	if !opts.NoHistory && len(batches) > 0 {
		_, result.NotPruned = Prune(ctx, t, w, KeepApplies, KeepBytes)
	}
	if opts.Verify != nil {
		return result, opts.Verify.run(ctx, t, p)
	}
	return result, nil
}

// rebases is how many times a batch is rebased and tried again before its conflict is
// reported.
const rebases = 10

func isConflict(err error) bool {
	var conflict *target.Conflict
	return errors.As(err, &conflict)
}

// rebase makes the changes of a conflicting batch again with Options.Rebase, and
// applies them. If err is no conflict, or the conflict is real, rebase returns err.
func (o Options) rebase(ctx context.Context, w target.Writer, b *target.Batch, err error, header func(number int) Header) error {
	if !isConflict(err) || o.Rebase == nil {
		return err
	}
	changes, failed := o.Rebase(ctx, b.Changes)
	if failed != nil || changes == nil {
		return err
	}
	b.Changes = changes
	if b.Entry != nil {
		if b.Entry, failed = encodeEntry(header(b.Number), changes); failed != nil {
			return failed
		}
	}
	return w.Apply(ctx, *b)
}

// entry is the stored form of a batch's history entry.
type entry struct {
	data []byte // nil if no history is kept
	err  error
}

// entriesAhead encodes the entries of the batches. It encodes each entry while the
// batch before it is written.
func entriesAhead(ctx context.Context, batches [][]plan.Change, history bool, header func(number int) Header) <-chan entry {
	ahead := make(chan entry)
	if !history {
		close(ahead)
		return ahead
	}
	go func() {
		defer close(ahead)
		for i, changes := range batches {
			data, err := encodeEntry(header(i+1), changes)
			select {
			case ahead <- entry{data, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ahead
}

// idTime is the layout of the time at the start of an ID. Milliseconds follow it.
const idTime = "20060102-150405"

// newID returns the ID of an apply. IDs sort by time.
func newID(now time.Time) string {
	random := make([]byte, 2)
	rand.Read(random)
	now = now.UTC()
	return fmt.Sprintf("%s-%03d%s", now.Format(idTime), now.Nanosecond()/1e6, hex.EncodeToString(random)[:3])
}

// nextID returns an ID that sorts after all IDs in the history, even if the clocks of
// two hosts differ. The caller must hold the lock.
func nextID(ctx context.Context, t target.Target, now time.Time) (string, error) {
	infos, err := t.HistoryNames(ctx, false)
	if err != nil {
		return "", err
	}
	names, _ := EntryNames(t, infos)
	id := newID(now)
	if len(names) == 0 {
		return id, nil
	}
	last := idOf(names[len(names)-1])
	if timed := len(id) - 3; len(last) == len(id) && last[:timed] >= id[:timed] {
		if at, err := time.Parse(idTime+".000", last[:len(idTime)]+"."+last[len(idTime)+1:timed]); err == nil {
			id = newID(at.Add(time.Millisecond))
		}
	}
	return id, nil
}

// ErrNotAsWanted says that the target differs from the plan after the apply.
var ErrNotAsWanted = errors.New("the target was read again and is not as planned")

// run reads the namespaces that the plan changed again, and compares them with the
// tree.
func (v *Verification) run(ctx context.Context, t target.Target, p *plan.Plan) error {
	touched := map[string]bool{}
	for i := range p.Changes {
		touched[p.Changes[i].Key.Namespace] = true
	}
	for _, c := range p.Access {
		touched[c.Key.Namespace] = true // the empty name of the root matches no namespace
	}
	opts := v.Options
	opts.Selection = opts.Selection.Only(touched)
	read := target.ReadOptions{Selection: opts.Selection, Progress: v.Progress}
	if len(opts.Access) > 0 {
		read.Access = opts.HasAccess
	}
	live, err := t.Snapshot(ctx, read)
	if err != nil {
		return fmt.Errorf("read the target again: %w", err)
	}
	rest := plan.Diff(v.Desired, live, opts)
	if rest.Empty() {
		return nil
	}
	var names []string
	for _, c := range rest.Changes {
		names = append(names, plan.Printable(c.Key.String()))
	}
	for _, c := range rest.Access {
		names = append(names, "the ACL of "+plan.Printable("/"+c.Key.String()))
	}
	return &plan.Listing{Err: ErrNotAsWanted, Names: names}
}
