package target

import (
	"context"

	"github.com/confo-sync/confo-sync/plan"
)

// Dumper is a target that can be read completely, byte for byte, with its foreign
// objects.
type Dumper interface {
	// Dump passes the root and everything below it to to. It keeps only the names and a
	// small part of the data in memory. Objects that can't be read because of missing
	// permissions are reported as gaps. Dump returns an error if it had to stop.
	// progress is called with the number of objects.
	Dump(ctx context.Context, to Dump, progress func(done, total int)) (Dumped, error)
}

// Dumped describes a completed dump.
type Dumped struct {
	// Exists reports whether the root exists.
	Exists bool
	// Zxid is the ZooKeeper transaction that the target was read at.
	Zxid int64
}

// Dump receives the objects of a target.
type Dump interface {
	// Add receives an object. The root comes first. Parents come before their children,
	// and siblings are sorted by name. The object is valid only during the call.
	Add(plan.Stored) error
	// Amend and Remove are called after all calls of Add, in order of paths, for
	// changes that were made during the dump. Amend receives an object that was changed
	// or created. Remove receives the path of a deleted one.
	Amend(plan.Stored) error
	Remove(path string) error
	// Gap receives the path of an object that can't be read, and why.
	Gap(path, why string)
}
