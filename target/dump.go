package target

import (
	"context"

	"github.com/confo-sync/confo-sync/plan"
)

// Dumper is a target of which everything can be read: what is Confo's and what is
// not, byte for byte.
type Dumper interface {
	// Dump hands over all that is at the root and below it. It holds a small part
	// of it at a time, but for the names. An error is one that ends it; what may
	// not be read is a gap.
	Dump(ctx context.Context, to Dump, progress func(done, total int)) (Dumped, error)
}

// Dumped is what there is to say of a dump.
type Dumped struct {
	// Exists is false when there is no root.
	Exists bool
	// Zxid is the transaction as of which a ZooKeeper was read.
	Zxid int64
}

// Dump takes what is at a target.
type Dump interface {
	// Add takes an object, the root first: parents before what is in them, and
	// what is beside each other by name. It is good until the next call.
	Add(plan.Stored) error
	// Amend takes an object that turns out, after all were added, to be another
	// by now, or new; and Remove one that is gone. Both come in order of paths.
	Amend(plan.Stored) error
	Remove(path string) error
	// Gap says that something can't be read, and why.
	Gap(path, why string)
}

// Mender is a Writer that can do more than change configurations: what plan.Exactly
// finds.
type Mender interface {
	// Mend takes steps one after the other, under the lock: several at once where
	// that can be, access lists one by one. It stops at the first that fails, and
	// tells how many were taken; those stay. What stands at a path by then and
	// isn't what it was is an error.
	Mend(ctx context.Context, mends []plan.Mend, progress func(done, total int)) (done int, err error)
}
