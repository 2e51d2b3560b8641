package target

import (
	"context"

	"github.com/confo-sync/confo-sync/plan"
)

// Examiner is a target that can describe its own state.
type Examiner interface {
	// Examine reads everything that reads and writes depend on, except the
	// configurations. It changes nothing, waits for no lock and needs few permissions.
	// The result says what could not be found out. The error is that of ctx, or nil.
	Examine(ctx context.Context) (*Status, error)
}

// Status describes a target without its content.
type Status struct {
	Servers   []Server // in the order of the URL; nil for a file backend
	Connected string   // the server that answered all other requests
	TLS       *TLS     // nil if the backend does not use connections
	// Offered are the identities that were offered, in words. Seen are those that the
	// server reports for the session; nil if it does not report them.
	Offered, Seen []string
	Access        []Rights // the root first
	Quotas        []Quota
	Lock          Lock
	Folder        *Folder // of a file backend

	// Unread is the error if the target can't be read at all.
	Unread error
	// Problems prevent something from working. Warnings are for the user's information.
	Problems, Warnings []plan.Finding
}

// Server is a server of a target.
type Server struct {
	Address string // as configured
	Session bool   // the server accepts a session
	Why     string // why it does not
	// Mode and Version are as the server reports them. If the server does not report
	// them, they are empty, and Note says why.
	Mode, Version, Note string
}

// TLS describes the encryption of the connection. The zero value means none.
type TLS struct {
	Used bool
	// Of the session, if there is one.
	Version string // such as "TLS 1.3"
	Peer    string // the name in the server's certificate
}

// Answer is yes, no or unknown.
type Answer int

const (
	Untold Answer = iota
	No
	Yes
)

// String returns "unknown", "no" or "yes".
func (a Answer) String() string { return [...]string{"unknown", "no", "yes"}[a] }

// Rights are the user's permissions at a path.
type Rights struct {
	Path string
	// At is the node whose permissions were checked. It is Path, or its deepest
	// existing parent if Path does not exist. In this case only Create is relevant.
	At string
	// Create and Delete apply to the children of the node, the others to the node
	// itself.
	Read, Write, Create, Delete, Administer Answer
}

// Quota is a limit on a part of the tree. -1 means no limit.
type Quota struct {
	Path       string
	Znodes     int64 // current number of znodes
	ZnodesMost int64
	ZnodesHard bool // the server may refuse to exceed it
	Bytes      int64
	BytesMost  int64
	BytesHard  bool
}

// Lock describes who holds the lock and who waits for it.
type Lock struct {
	Holder  *Run   // nil if the lock is free
	Waiting []Run  // in queue order
	Unknown string // why the state of the lock is unknown
}

// Folder describes the folders of a file backend.
type Folder struct {
	Path, State string // the folder of the tree and the state folder
	Exists      bool
	// Journal reports whether a batch is committed but not completed. Leftovers reports
	// whether one was prepared but not committed.
	Journal, Leftovers bool
}
