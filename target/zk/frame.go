package zk

import "github.com/confo-sync/confo-sync/plan"

// Sizes of what a transaction is made of, in bytes on the wire. They were
// measured against a server, which drops the connection of a client that sends
// one byte more than it takes.
const (
	maxFrameBytes = 1_048_575 // the largest frame that a server takes
	frameOverhead = 17        // the request's header and the end of its list
	createBytes   = 25        // without path, data and access list
	updateBytes   = 21        // without path and data
	deleteBytes   = 17        // without path
	openACLBytes  = 23        // the access list world:anyone:cdrwa
)

// cost returns what a change takes of a frame.
func (t *Target) cost(c plan.Change) int {
	path := len(t.path(c.Key))
	switch c.Action {
	case plan.Create:
		return createBytes + path + c.After.Size() + openACLBytes
	case plan.Update:
		return updateBytes + path + c.After.Size()
	default:
		return deleteBytes + path
	}
}
