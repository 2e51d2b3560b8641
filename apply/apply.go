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
	"slices"
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
	Verify Verifier
}

// Result says what was applied.
type Result struct {
	ID           string
	Transactions int
	Applied      []plan.Change
	Access       []plan.Change // ACLs that were set
	// NotPruned says why the history could not be shortened. The apply does not fail
	// because of it.
	NotPruned error
	// MarksNotKept says why a run without a lock could not store its marks with the
	// target. The apply does not fail because of it.
	MarksNotKept error
}

// Stopped is the error of an apply that did not finish. The Result says which changes were
// applied before it stopped.
type Stopped struct {
	Failed       []plan.Change // the changes of the failed batch; none if the apply stopped between two batches
	Unknown      []plan.Change // the changes of a batch with an unknown outcome
	NotAttempted int           // number of changes in the batches after it
	AccessLeft   int           // number of ACLs that are not set
	Err          error         // the reason
}

func (s *Stopped) Error() string { return s.Err.Error() }
func (s *Stopped) Unwrap() error { return s.Err }

// Run applies a plan, step by step. It stops at the first failure. If ctx ends, it
// completes the current step and then stops. The error is then a *Stopped.
func Run(ctx context.Context, t target.Target, p *plan.Plan, opts Options) (Result, error) {
	now := time.Now()
	r := &run{target: t, plan: p, opts: opts, steps: steps(p, t, !opts.NoHistory), result: Result{ID: newID(now)}}
	w, err := t.Begin(ctx, target.Run{
		ID: r.result.ID, Who: opts.Who, Host: opts.Host, PID: opts.PID, Operation: cmp.Or(opts.Operation, "apply"), Since: now,
		NoLock: opts.NoLock, Wait: opts.LockTimeout, Waiting: opts.Waiting, Lost: opts.Lost, Root: p.Root,
	})
	unbegun := func(err error) error {
		return &Stopped{Err: err, NotAttempted: len(p.Changes), AccessLeft: len(p.Access)}
	}
	if err != nil {
		return r.result, unbegun(err)
	}
	defer w.End()
	r.writer = w
	if err := r.begin(ctx, now); err != nil {
		return r.result, unbegun(err)
	}
	if err := r.run(ctx); err != nil {
		return r.result, err
	}
	if !opts.NoHistory && len(r.steps) > 0 {
		_, r.result.NotPruned = Prune(ctx, t, w, KeepApplies, KeepBytes)
	}
	if opts.Verify != nil {
		return r.result, opts.Verify.verify(ctx, t, p)
	}
	return r.result, nil
}

// run is a plan that is being applied.
type run struct {
	target target.Target
	plan   *plan.Plan
	opts   Options
	steps  []step
	writer target.Writer
	result Result
}

// step is a part of a plan. It is either a batch, which is applied completely or not at
// all, or a group of ACLs, which are set one by one.
type step struct {
	changes []plan.Change
	access  bool
}

// steps returns the steps of a plan in their order.
func steps(p *plan.Plan, t target.Target, history bool) (all []step) {
	limits := t.Limits()
	if t.Features().SetsInBatch {
		for _, batch := range Batches(slices.Concat(p.Changes, p.Access), limits, history) {
			all = append(all, step{batch, false})
		}
		return all
	}
	access := func(first bool) {
		var changes []plan.Change
		for _, c := range p.Access {
			if c.First == first {
				changes = append(changes, c)
			}
		}
		for _, part := range accessParts(changes, limits) {
			all = append(all, step{part, true})
		}
	}
	access(true)
	for _, batch := range Batches(p.Changes, limits, history) {
		all = append(all, step{batch, false})
	}
	access(false)
	return all
}

// PlanBatches returns the batches of a plan. They contain its changes and, if the target
// sets ACLs and modes in batches, also those.
func PlanBatches(p *plan.Plan, t target.Target, history bool) (batches [][]plan.Change) {
	for _, s := range steps(p, t, history) {
		if !s.access {
			batches = append(batches, s.changes)
		}
	}
	return batches
}

// begin prepares the target before the first step. The caller must hold the lock.
func (r *run) begin(ctx context.Context, now time.Time) (err error) {
	if err := keepDocuments(ctx, r.target, r.writer, r.opts, &r.result); err != nil {
		return err
	}
	if r.opts.NoHistory {
		return nil
	}
	for _, s := range r.steps {
		if err := r.writer.ReadOld(ctx, s.changes); err != nil {
			return err
		}
	}
	r.result.ID, err = nextID(ctx, r.target, now)
	return err
}

// run executes all steps.
func (r *run) run(ctx context.Context) error {
	encoding, stopEncoding := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEncoding()
	entries := r.entriesAhead(encoding)
	for i, s := range r.steps {
		if ctx.Err() != nil {
			return r.stopped(ctx, i, context.Cause(ctx))
		}
		entry := <-entries
		if entry.err != nil {
			return r.stopped(ctx, i, entry.err)
		}
		b := target.Batch{ID: r.result.ID, Number: i + 1, Changes: s.changes, Entry: entry.data}
		take := r.apply
		if s.access {
			take = r.setAccess
		}
		if err := take(ctx, b); err != nil {
			return r.stopped(ctx, i, err)
		}
	}
	return nil
}

// apply applies a batch. It tries again if applications write to the same objects.
func (r *run) apply(ctx context.Context, b target.Batch) error {
	err := r.writer.Apply(ctx, b)
	for range rebases {
		if err = r.rebase(ctx, &b, err); !isConflict(err) {
			break
		}
	}
	if err == nil || wasApplied(err) {
		r.result.Transactions++
		for _, c := range b.Changes {
			if c.Action == plan.SetAccess {
				r.result.Access = append(r.result.Access, c)
			} else {
				r.result.Applied = append(r.result.Applied, c)
			}
		}
		if r.opts.Progress != nil {
			r.opts.Progress(len(r.result.Applied), len(r.plan.Changes))
		}
	}
	return err
}

// setAccess sets ACLs.
func (r *run) setAccess(ctx context.Context, b target.Batch) error {
	return r.writer.SetAccess(ctx, b, func(i int) {
		r.result.Access = append(r.result.Access, b.Changes[i])
		if r.opts.AccessProgress != nil {
			r.opts.AccessProgress(len(r.result.Access), len(r.plan.Access))
		}
	})
}

// stopped returns the error of a run that stopped at a step. Nothing of this step is
// applied, unless err says that this is unknown.
func (r *run) stopped(ctx context.Context, at int, err error) error {
	s := &Stopped{Err: err, AccessLeft: len(r.plan.Access) - len(r.result.Access)}
	for i, step := range r.steps[at:] {
		var unknown *target.Unknown
		switch {
		case step.access, i == 0 && wasApplied(err):
		case i == 0 && errors.As(err, &unknown):
			s.Unknown = step.changes
		case i == 0 && !errors.Is(err, context.Cause(ctx)):
			s.Failed = step.changes
		default:
			s.NotAttempted += len(step.changes)
		}
	}
	return s
}

// wasApplied reports whether a batch was applied although the lock was lost.
func wasApplied(err error) bool {
	var lost *target.LockLost
	return errors.As(err, &lost) && lost.Applied
}

// rebases is the maximum number of times that a batch is rebased and tried again before
// its conflict is reported.
const rebases = 10

func isConflict(err error) bool {
	var conflict *target.Conflict
	return errors.As(err, &conflict)
}

// rebase creates a conflicting batch again from the current values, and applies it. It
// does so only if the conflict is not about the fields that the batch changes. Otherwise
// it returns the error unchanged.
func (r *run) rebase(ctx context.Context, b *target.Batch, err error) error {
	if !isConflict(err) || r.opts.Rebase == nil {
		return err
	}
	changes, failed := r.opts.Rebase(ctx, b.Changes)
	if failed != nil || changes == nil {
		return err
	}
	b.Changes = changes
	if b.Entry != nil {
		if b.Entry, failed = encodeEntry(r.header(b.Number), changes, r.target.Limits()); failed != nil {
			return failed
		}
	}
	return r.writer.Apply(ctx, *b)
}

// header returns the header of a step's history entry. Steps are numbered from 1.
func (r *run) header(number int) Header {
	o := &r.opts
	return Header{
		ID: r.result.ID, Batch: number, Of: len(r.steps), Time: time.Now().UTC().Truncate(time.Millisecond),
		Who: o.Who, Host: o.Host, Actor: o.Actor, Reason: o.Reason, Commit: o.Commit, Tool: o.Tool, Plan: o.Plan,
		Operation: o.Operation, Undoes: o.Undoes, From: o.From,
	}
}

// entry is a step's entry as it is stored.
type entry struct {
	data []byte // nil if no history is kept
	err  error
}

// entriesAhead encodes the entry of each step while the previous step is running.
func (r *run) entriesAhead(ctx context.Context) <-chan entry {
	ahead := make(chan entry)
	if r.opts.NoHistory {
		close(ahead)
		return ahead
	}
	limits := r.target.Limits()
	go func() {
		defer close(ahead)
		for i, s := range r.steps {
			data, err := encodeEntry(r.header(i+1), s.changes, limits)
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
