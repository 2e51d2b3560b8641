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
	// Operation is what it is if not an apply of a tree; Undoes what it takes back, and
	// From the backup or the environment whose values it writes.
	Operation, Undoes, From string

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
	Access       int // access lists that were set
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

// Run applies the changes of a plan, batch by batch. The first failure stops
// it, and so does the end of ctx, once the batch under way is done; the error is
// then a *Stopped.
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

// rebases is how often a batch is made again for applications that write to what
// it touches.
const rebases = 10

func isConflict(err error) bool {
	var conflict *target.Conflict
	return errors.As(err, &conflict)
}

// rebase makes a batch again that conflicts only in what it isn't about, and
// applies it. Otherwise it returns the error as it is.
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

// entry is a batch's entry as it is stored.
type entry struct {
	data []byte // nil without history
	err  error
}

// entriesAhead makes the batches' entries, each while the batch before it is
// under way.
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
