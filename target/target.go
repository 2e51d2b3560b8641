// Package target defines what a target is: the interface of the backends, the errors
// that callers handle, and the URLs of targets.
//
// The backends are target/zk and target/file. Each backend must pass the tests in
// target/targettest.
package target

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// Target is one Confo backend at one place.
type Target interface {
	// String returns the target's URL. It contains no credentials.
	String() string

	// Snapshot reads the selected namespaces and configurations. It returns an error if
	// a part of them can't be read, and never omits them silently. It writes nothing,
	// even if the root does not exist.
	Snapshot(ctx context.Context, opts ReadOptions) (*plan.Snapshot, error)

	Dumper

	// Check returns an error if the target can't store the result of a change, for
	// example because of its name or size. It needs no connection.
	Check(c plan.Change) error

	// Features returns what this kind of target can do.
	Features() Features

	// Limits returns the limits for one batch.
	Limits() Limits

	// Begin takes the target's lock, so that no other confo-sync writes to it, and
	// returns the Writer for one run. The error is a *Locked if another run has held
	// the lock for the complete run.Wait.
	Begin(ctx context.Context, run Run) (Writer, error)

	// HistoryNames lists the history entries, oldest first. If there is no history, the
	// list is empty. Sizes are set only if sizes is true.
	HistoryNames(ctx context.Context, sizes bool) ([]EntryInfo, error)

	// History calls each for the entries with these names, in the order of the names.
	// It skips entries that no longer exist. If an entry can't come from confo-sync,
	// its Err is set. History stops at the first error of each and returns it.
	History(ctx context.Context, names []string, each func(Entry) error) error

	// Owner returns the data of the last Claim, or nil.
	Owner(ctx context.Context) ([]byte, error)

	// Marks returns the data of the last SetMarks, or nil.
	Marks(ctx context.Context) ([]byte, error)

	// Close releases the resources of the target. It must be called only once.
	Close() error
}

// ReadOptions are the options of Snapshot.
type ReadOptions struct {
	Selection plan.Selection
	// Access, if set, says for which objects to read the ACLs too. Backends without
	// ACLs ignore it.
	Access func(plan.Key) bool
	// Progress, if set, is called from time to time with the number of configurations
	// that were read, and the total number known so far. The calls do not overlap.
	Progress func(done, total int)
}

// Run describes one run that writes to a target. Others who wait for its lock see it.
type Run struct {
	ID        string    `json:"id"`
	Who       string    `json:"who"`
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`

	// Wait is the maximum time to wait for the lock.
	Wait time.Duration `json:"-"`
	// Waiting, if set, is called when another run holds the lock, and when the holder
	// changes.
	Waiting func(holder Run) `json:"-"`
	// Lost, if set, is called when the answer to a batch was lost and Apply starts to
	// find out whether the batch was applied. atMost is the maximum time for that.
	Lost func(atMost time.Duration) `json:"-"`
	// Root is the ACL for the root if it must be created. If it is nil, the root gets
	// its parent's ACL.
	Root plan.Access `json:"-"`
	// NoLock skips the lock, for users without permission to write it. Each change is
	// then protected only by its revision.
	NoLock bool `json:"-"`
}

// Writer writes the batches of one run.
type Writer interface {
	// Apply applies all changes of a batch or none. Parents must come before their
	// children if they are created, and after them if they are deleted. A change is
	// applied only if the object still has the revision in the change; a create only if
	// the object does not exist. The root is created if necessary. The batch's entry is
	// written in the same transaction.
	//
	// The error is a *Conflict if an object has changed, and an *Unknown if the outcome
	// is unknown. After a *LockLost, its Applied says whether the batch was applied.
	// After any other error the batch was not applied. Once a batch has been sent,
	// canceling ctx does not stop it.
	Apply(ctx context.Context, b Batch) error

	// ReadOld fills in Old of the deletions in a batch, with the metadata that is needed
	// to create the objects again.
	ReadOld(ctx context.Context, changes []plan.Change) error

	// SetAccess sets the ACLs of a batch, which has no other changes. It sets the ACLs of
	// objects at the same depth concurrently. The batch's entry is written first.
	// SetAccess calls done with the index of each applied change, never concurrently. It
	// goes on with the others if the server refuses an ACL, and stops at any other failure.
	//
	// The error is a *Conflict if the ACL of an object has changed since it was read, and
	// an *Unknown if it is unknown whether a change was applied.
	SetAccess(ctx context.Context, b Batch, done func(i int)) error

	// SetDocuments writes documents next to the root, all or none of them. If the content
	// of one is no longer its Before, the error is ErrDocumentMoved: a run without a lock
	// may have changed it. Other errors are as in Apply.
	SetDocuments(ctx context.Context, documents ...Document) error

	// Forget deletes history entries, one by one. It ignores entries that no longer
	// exist.
	Forget(ctx context.Context, names []string) error

	// End releases the lock. It must be called only once.
	End() error
}

// Recovery says how the remains of an interrupted apply were cleaned up. Only some targets
// need recovery.
type Recovery int

const (
	NothingLeft Recovery = iota
	Undone               // prepared but uncommitted changes were removed
	Finished             // committed changes were completed
)

// Interrupted identifies the run whose batch was finished. It is empty if the run is
// unknown.
type Interrupted struct {
	ID        string `json:"id,omitempty"`
	Operation string `json:"operation,omitempty"` // apply, rollback, restore or promote
}

// Document is a small text that is stored next to the root.
type Document struct {
	Name string // OwnerDocument or MarksDocument
	// Before is the content that Target's Owner or Marks has returned; nil if there is
	// no such document. After is the new content.
	Before, After []byte
}

// The names of the documents.
const (
	OwnerDocument = "owner"
	MarksDocument = "marks"
)

// Batch is a list of changes that are applied together or not at all.
type Batch struct {
	Number  int // the first batch is 1
	Changes []plan.Change
	// Entry is the history entry of the batch. If it is nil, no entry is written.
	Entry []byte
	// ID is the ID of the apply; by default that of the run.
	ID string
}

// EntryName returns the name of the batch's history entry.
func (b Batch) EntryName(run Run) string { return EntryName(cmp.Or(b.ID, run.ID), b.Number) }

// Entry is the history entry of a batch.
type Entry struct {
	// Name is the ID of the apply, a dot and the four-digit number of the batch.
	Name string
	Data []byte
	// Err is the error if the entry can't be read: it is not a file, or too large.
	Err error
}

// EntryInfo describes a history entry without its content.
type EntryInfo struct {
	Name string
	Size int // in bytes, if requested
}

// EntryName returns the name of the history entry for a batch of the apply id.
func EntryName(id string, number int) string { return fmt.Sprintf("%s.%04d", id, number) }

// Identified is a target that distinguishes its clients by the IDs in its ACLs.
type Identified interface {
	// Who returns the IDs of this client that are known without asking the target.
	Who() []string

	// AsSeen asks the target for the identity of this client. If the target does not tell,
	// AsSeen returns the IDs of Who and no error.
	AsSeen(ctx context.Context) (plan.Who, error)

	// DigestOf returns the ID of a user in the credentials, as in ACLs, with the hash of
	// the password. It returns "" if there is no such user.
	DigestOf(user string) string
}

// Features are what a kind of target can do.
type Features struct {
	// ACLs says that objects have ACLs, which plans can declare and set.
	ACLs bool
	// Modes says that objects have file modes, and are files, folders or links.
	Modes bool
	// SetsInBatch says that a batch may change ACLs and modes. If it is false, each is set
	// by a separate request.
	SetsInBatch bool
}

// Limits are the limits of one batch. Zero means no limit.
type Limits struct {
	// Bytes is the desired maximum size of a batch in bytes. Max is the maximum size of
	// a batch that can't be split. Ops is the maximum number of changes.
	Bytes, Max int
	Ops        int
	// Cost returns the size of a change in a batch, in bytes. It is set if Bytes is
	// set. Overhead is the additional size of each batch, without changes and entry.
	Cost     func(plan.Change) int
	Overhead int
}
