// Package target is where configurations live: the contract that every backend
// keeps, the errors that callers decide on, and the URLs that name targets.
//
// The backends are in target/zk and target/file. A backend joins by passing the
// suite in target/targettest.
package target

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// Target is one Confo backend.
type Target interface {
	// String returns the target's URL. It never holds credentials.
	String() string

	// Snapshot reads what the selection takes. Whatever could not be read makes
	// it fail: something unreadable is never left out as if it were absent. It
	// writes nothing, also when the root does not exist.
	Snapshot(ctx context.Context, opts ReadOptions) (*plan.Snapshot, error)

	// Check returns why the target could not hold what a change would write,
	// or nil: a name it refuses, a value too large. It needs no connection.
	Check(c plan.Change) error

	// Limits returns how much one Apply takes.
	Limits() Limits

	// Begin starts an apply: it takes the target's lock, so that no other
	// confo-sync writes there, and returns what batches are written with. The
	// error is a *Locked when someone else has held it for all of run.Wait.
	Begin(ctx context.Context, run Run) (Writer, error)

	// HistoryNames lists the entries that batches wrote, oldest first. There are
	// none where there is no history. Sizes are known if they are asked for.
	HistoryNames(ctx context.Context, sizes bool) ([]EntryInfo, error)

	// History hands over the entries of these names, one at a time and in the order
	// of their names, without those that are gone by now. An entry that can't be
	// confo-sync's has an Err. An error of each ends it.
	History(ctx context.Context, names []string, each func(Entry) error) error

	// Owner returns what Claim left: nil when nobody has claimed the target.
	Owner(ctx context.Context) ([]byte, error)

	// Marks returns what SetMarks left: nil when nothing has.
	Marks(ctx context.Context) ([]byte, error)

	// Close releases what the target holds. It may be called once.
	Close() error
}

// ReadOptions say what a snapshot takes and who hears of its progress.
type ReadOptions struct {
	Selection plan.Selection
	// Access, when it is set, says of what the access lists are asked for too, where
	// the target has such.
	Access func(plan.Key) bool
	// Progress, when it is set, is called now and then from one goroutine at
	// a time: so many configurations read of so many that are known by then.
	Progress func(done, total int)
}

// Run says who applies what, and how. It is shown to those who wait for the lock.
type Run struct {
	ID        string    `json:"id"`
	Who       string    `json:"who"`
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`

	// Wait is how long to wait for the lock.
	Wait time.Duration `json:"-"`
	// Waiting, when it is set, is called once the lock turns out to be held,
	// and whenever its holder changes.
	Waiting func(holder Run) `json:"-"`
	// Lost, when it is set, is called when the answer to a batch was lost, and Apply
	// begins to find out whether the batch was applied. That takes so long at most.
	Lost func(atMost time.Duration) `json:"-"`
	// Root is the access list that the root gets if it has to be made: nil for its
	// parent's.
	Root plan.Access `json:"-"`
	// NoLock does without the lock, for who may not write where it is: each
	// change is then guarded by its revision alone.
	NoLock bool `json:"-"`
}

// Writer writes the batches of one apply.
type Writer interface {
	// Apply makes all of a batch's changes or none, in the order given, parents
	// before children when creating and after them when deleting. Each is made
	// only if its object still has the change's revision; a create, only if it
	// is absent. The root is made when it is missing, and the batch's entry is
	// written with the changes, as part of the same whole.
	//
	// The error is a *Conflict when an object moved, and nothing was applied;
	// an *Unknown when it can't be told whether the batch was applied; any
	// other error means that it was not. Once a batch is under way ctx no
	// longer counts.
	Apply(ctx context.Context, b Batch) error

	// SetAccess makes a batch's changes, which all are to ACLs, one by one: those of the
	// same depth at the same time. The batch's entry is written before the first. It
	// calls done with the index of each change that was made, from one goroutine at a
	// time, and stops at the first that can't be made.
	//
	// The error is a *Conflict when an object has another ACL by now than the change
	// saw; an *Unknown when it can't be told whether a change was made.
	SetAccess(ctx context.Context, b Batch, done func(i int)) error

	// Claim says beside the root whose the target is, in place of whoever
	// claimed it before.
	Claim(ctx context.Context, owner []byte) error

	// SetMarks keeps beside the root which fields were ever marked as sensitive, in
	// place of before, which Marks has returned. If something else is there by now, the
	// error is ErrMarksMoved: a run without a lock adds marks, too.
	SetMarks(ctx context.Context, before, marks []byte) error

	// Forget removes entries of the history, one by one; what is gone already is
	// no error.
	Forget(ctx context.Context, names []string) error

	// End gives the lock back. It may be called once.
	End() error
}

// Recovery is what was done about what an apply left that was cut short, on
// targets where one can.
type Recovery int

const (
	NothingLeft Recovery = iota
	Undone               // what was prepared and not committed is removed
	Finished             // what was committed is carried out
)

// Interrupted names the run whose batch was finished. It is empty if nobody knows.
type Interrupted struct {
	ID        string `json:"id,omitempty"`
	Operation string `json:"operation,omitempty"` // apply, rollback, restore or promote
}

// Batch is what happens whole or not at all.
type Batch struct {
	Number  int // from 1
	Changes []plan.Change
	// Entry is what history keeps of the batch, under the apply's ID and the
	// batch's number. Without one, none is kept.
	Entry []byte
	// ID is that of the apply, if it is another than the run's.
	ID string
}

// EntryName returns the name of the batch's entry.
func (b Batch) EntryName(run Run) string { return EntryName(cmp.Or(b.ID, run.ID), b.Number) }

// Entry is what history keeps of a batch, as Batch has it.
type Entry struct {
	// Name is the run's ID and the batch's number, in four digits after a dot.
	Name string
	Data []byte
	// Err is why it was not read: it is no file, or larger than entries are.
	Err error
}

// EntryInfo is an entry without what it holds.
type EntryInfo struct {
	Name string
	Size int // bytes, if it was asked for
}

// EntryName returns the name of a batch's entry.
func EntryName(id string, number int) string { return fmt.Sprintf("%s.%04d", id, number) }

// Limits say how much one batch takes. A zero is no limit.
type Limits struct {
	// Bytes is how large a batch should be at most; Max, how large one may be
	// that can't be split.
	Bytes, Max int
	Ops        int
	// Cost returns the bytes that a change takes, and Overhead is what every
	// batch takes beside its changes and its entry. Cost is set when Bytes is.
	Cost     func(plan.Change) int
	Overhead int
}
