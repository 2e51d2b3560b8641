// Package target is where configurations live: the contract that every backend
// keeps, the errors that callers decide on, and the URLs that name targets.
//
// The backends are in target/zk and target/file. A backend joins by passing the
// suite in target/targettest.
package target

import (
	"context"

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

	// Apply makes all of the changes or none, in the order given, parents
	// before children when creating and after them when deleting. Each is made
	// only if its object still has the change's revision; a create, only if it
	// is absent. The root is made when it is missing.
	//
	// The error is a *Conflict when an object moved, and nothing was applied;
	// an *Unknown when it can't be told whether the changes were applied; any
	// other error means that they were not.
	Apply(ctx context.Context, changes []plan.Change) error

	// Close releases what the target holds. It may be called once.
	Close() error
}

// ReadOptions say what a snapshot takes and who hears of its progress.
type ReadOptions struct {
	Selection plan.Selection
	// Progress, when it is set, is called now and then from one goroutine at
	// a time: so many configurations read of so many that are known by then.
	Progress func(done, total int)
}

// Limits say how much one Apply takes. A zero is no limit.
type Limits struct {
	Bytes int
	Ops   int
	// Cost returns the bytes that a change takes of the limit. It is set when
	// Bytes is.
	Cost func(plan.Change) int
}
