package target

import (
	"context"

	"github.com/confo-sync/confo-sync/plan"
)

// Examiner is a target that tells in what state it is.
type Examiner interface {
	// Examine looks at everything beside the configurations that reading and
	// writing depend on. It changes nothing, waits for no lock, and needs few
	// rights: what can't be found out is told in what it returns. The error is
	// that of ctx alone.
	Examine(ctx context.Context) (*Status, error)
}

// Status is what there is to say of a target, but for what it holds.
type Status struct {
	Servers   []Server // in the order of the URL; none of a file backend
	Connected string   // the server that answered all the rest
	TLS       *TLS     // nil where there can be none
	// Offered are the identities that were offered, in words; Seen those that
	// the server takes the session for, where it tells.
	Offered, Seen []string
	Access        []Rights // the root first
	Quotas        []Quota
	Lock          Lock
	Folder        *Folder // of a file backend

	// Unread is set when the target can't be read at all, and says why.
	Unread error
	// Problems keep something from working; Warnings should be known.
	Problems, Warnings []plan.Finding
}

// Server is one of the servers of a target.
type Server struct {
	Address string // as it was configured
	Session bool   // it gives a session
	Why     string // it gives none
	// Mode and Version are in the server's own words; empty when it does not tell,
	// and then Note says why not.
	Mode, Version, Note string
}

// TLS is how the connection is encrypted. The zero value is: not at all.
type TLS struct {
	Used bool
	// Of the session, if there is one.
	Version string // as in "TLS 1.3"
	Peer    string // the name in the server's certificate
}

// Answer is yes, no, or that it can't be told.
type Answer int

const (
	Untold Answer = iota
	No
	Yes
)

// String returns unknown, no or yes.
func (a Answer) String() string { return [...]string{"unknown", "no", "yes"}[a] }

// Rights are what may be done at a place.
type Rights struct {
	Path string
	// At is where the rights were looked at: Path, or when that does not exist the
	// lowest of what it would be in that does. There, Create counts.
	At string
	// Read is of the place, Create and Delete of what is in it.
	Read, Write, Create, Delete, Administer Answer
}

// Quota is a bound on a part of the tree. A bound of -1 is none.
type Quota struct {
	Path       string
	Znodes     int64 // there are
	ZnodesMost int64
	ZnodesHard bool // the server may refuse what goes beyond it
	Bytes      int64
	BytesMost  int64
	BytesHard  bool
}

// Lock is who may write at the moment.
type Lock struct {
	Holder  *Run   // nil when nobody has it
	Waiting []Run  // the next first
	Unknown string // why it can't be told
}

// Folder is where a file backend has its tree.
type Folder struct {
	Path, State string // the tree's, and what is beside it
	Exists      bool
	// Journal says that a batch is committed and not carried out, Leftovers that
	// one was prepared and not committed.
	Journal, Leftovers bool
}
