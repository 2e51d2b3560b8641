// Package apply carries a plan out: it takes the target's lock, puts the
// changes into batches that each happen whole or not at all, writes them one
// after the other with their history, and reads what was written again to see
// that it is as it was to be.
//
// It owns the order of changes, the form of history entries, and the account of
// what was done. How a batch becomes a transaction is the target's.
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

// Options are how a plan is applied, and what history says of it.
type Options struct {
	Who    string // who applies it
	Actor  string // for whom a CI job applies it; empty elsewhere
	Host   string // and where
	PID    int
	Reason string
	Commit string // of the tree
	Tool   string // name and version of the program
	Plan   string // fingerprint of the plan that was approved
	// Operation is what it is if not an apply of a tree; Undoes what it takes back.
	Operation, Undoes string

	NoHistory bool
	NoLock    bool
	// LockTimeout is how long to wait for the lock; Waiting is told once who
	// holds it.
	LockTimeout time.Duration
	Waiting     func(holder target.Run)

	// Lost is told when the answer to a transaction was lost, and how long it takes at
	// most to find out whether the transaction was applied.
	Lost func(atMost time.Duration)

	// Progress is told how many changes of how many are applied, and AccessProgress
	// how many access lists are set.
	Progress, AccessProgress func(done, total int)

	// Owner, when it is set, is who the target is claimed for. One that somebody
	// else has claimed is refused, unless TakeOver is set.
	Owner    *Owner
	TakeOver bool

	// Marks are what is marked as sensitive now, or was ever, as far as the caller knows.
	// They are kept beside the target.
	Marks plan.Marks

	// Rebase, when it is set, makes changes again whose objects have moved, as the
	// target has them now: none, when what moved is what they are about.
	Rebase func(ctx context.Context, changes []plan.Change) ([]plan.Change, error)

	// Verify, when it is set, reads what was written again before the lock is
	// given back: after that others may write.
	Verify *Verification
}

// Verification is what the target is compared with once everything is applied.
type Verification struct {
	Desired  *plan.Tree
	Options  plan.Options // that the plan was made with
	Progress func(done, total int)
}

// Result is the account of what was applied.
type Result struct {
	ID           string
	Transactions int
	Applied      []plan.Change
	Access       []plan.Change // ACLs that were set
	// NotPruned is why the history could not be shortened, which fails nothing.
	NotPruned error
	// MarksNotKept is why a run without a lock could not keep its marks beside the
	// target, which fails nothing.
	MarksNotKept error
}

// Stopped is the error of a plan that was not applied to its end. The result
// says what was applied before.
type Stopped struct {
	Failed       []plan.Change // of the batch that failed; none when it stopped between two
	Unknown      []plan.Change // of the batch of which it is not known whether it was applied
	NotAttempted int           // changes after it
	AccessLeft   int           // access lists that are not set
	Err          error         // why
}

func (s *Stopped) Error() string { return s.Err.Error() }
func (s *Stopped) Unwrap() error { return s.Err }

// Run applies a plan, step by step. The first failure stops it, and so does the end of
// ctx, once the step under way is done; the error is then a *Stopped.
func Run(ctx context.Context, t target.Target, p *plan.Plan, opts Options) (Result, error) {
	now := time.Now()
	r := &run{target: t, plan: p, opts: opts, steps: steps(p, t.Limits(), !opts.NoHistory), result: Result{ID: newID(now)}}
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
		return r.result, opts.Verify.run(ctx, t, p)
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

// step is a part of a plan: a batch, which is applied whole or not at all, or ACLs, which
// are set one by one.
type step struct {
	changes []plan.Change
	access  bool
}

// steps returns the steps of a plan in their order.
func steps(p *plan.Plan, limits target.Limits, history bool) (all []step) {
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

// begin does, under the lock, what comes before the first step.
func (r *run) begin(ctx context.Context, now time.Time) (err error) {
	if err := claim(ctx, r.target, r.writer, r.opts); err != nil {
		return err
	}
	if err := keepMarks(ctx, r.target, r.writer, r.opts, &r.result); err != nil {
		return err
	}
	if !r.opts.NoHistory {
		r.result.ID, err = nextID(ctx, r.target, now)
	}
	return err
}

// run takes all steps.
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

// apply applies a batch, again if applications write to what it touches.
func (r *run) apply(ctx context.Context, b target.Batch) error {
	err := r.writer.Apply(ctx, b)
	for range rebases {
		if err = r.rebase(ctx, &b, err); !isConflict(err) {
			break
		}
	}
	if err == nil || wasApplied(err) {
		r.result.Transactions++
		r.result.Applied = append(r.result.Applied, b.Changes...)
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

// stopped returns the error of a run that stopped at a step, of which nothing is applied
// unless err says that this is not known.
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

// wasApplied reports whether the lock was lost by a batch that was applied.
func wasApplied(err error) bool {
	var lost *target.LockLost
	return errors.As(err, &lost) && lost.Applied
}

// rebases is how often a batch is made again for applications that write to what
// it touches.
const rebases = 10

func isConflict(err error) bool {
	var conflict *target.Conflict
	return errors.As(err, &conflict)
}

// rebase makes a batch again that conflicts only in what it isn't about, and
// applies it. Otherwise it returns the error as it is.
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

// header returns the header of the entry of a step, which counts from 1.
func (r *run) header(number int) Header {
	o := &r.opts
	return Header{
		ID: r.result.ID, Batch: number, Of: len(r.steps), Time: time.Now().UTC().Truncate(time.Millisecond),
		Who: o.Who, Host: o.Host, Actor: o.Actor, Reason: o.Reason, Commit: o.Commit, Tool: o.Tool, Plan: o.Plan,
		Operation: o.Operation, Undoes: o.Undoes,
	}
}

// entry is a step's entry as it is stored.
type entry struct {
	data []byte // nil without history
	err  error
}

// entriesAhead makes the entries of the steps, each while the step before it is under way.
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

// idTime is the form of the time that an ID begins with; thousandths of a second
// follow.
const idTime = "20060102-150405"

// newID returns a name for an apply that sorts by time.
func newID(now time.Time) string {
	random := make([]byte, 2)
	rand.Read(random)
	now = now.UTC()
	return fmt.Sprintf("%s-%03d%s", now.Format(idTime), now.Nanosecond()/1e6, hex.EncodeToString(random)[:3])
}

// nextID returns a name that comes after all that the history has, under the lock:
// clocks differ, and what came last has to be the last.
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

// ErrNotAsWanted is the error of a target that, read again after a plan was
// applied, is not as it was to be.
var ErrNotAsWanted = errors.New("the target was read again and is not as planned")

// run reads the namespaces that a plan wrote to again, and compares them with
// what was wanted.
func (v *Verification) run(ctx context.Context, t target.Target, p *plan.Plan) error {
	touched := map[string]bool{}
	for i := range p.Changes {
		touched[p.Changes[i].Key.Namespace] = true
	}
	for _, c := range p.Access {
		touched[c.Key.Namespace] = true // none for the root
	}
	opts := v.Options
	opts.Selection = opts.Selection.Only(touched)
	read := target.ReadOptions{Selection: opts.Selection, Progress: v.Progress}
	if opts.ReadsAccess() {
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
