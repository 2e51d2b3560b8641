package zk

import (
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Sizes of what a transaction is made of, in bytes on the wire. They were
// measured against a server, which drops the connection of a client that sends
// one byte more than it takes. go-zookeeper panics on a transaction exactly as
// long as its buffer, which is made larger than the largest request.
const (
	// DefaultRequest is the largest request that a server takes, unless its
	// jute.maxbuffer is set.
	DefaultRequest = 1_048_575

	frameOverhead = 17   // the request's header and the end of its list
	createBytes   = 25   // without path, data and access list
	updateBytes   = 21   // without path and data
	deleteBytes   = 17   // without path
	openACLBytes  = 23   // the access list world:anyone:cdrwa
	closedBytes   = 512  // what a closed access list may take beyond that
	digestBytes   = 48   // one user in an access list, without the name
	runBytes      = 1024 // what a lock's znode holds, at most
)

// cost returns what a change takes of a frame.
func (t *Target) cost(c plan.Change) int {
	path := len(t.changePath(c))
	switch c.Action {
	case plan.Create:
		return createBytes + path + c.After.Size() + max(openACLBytes, accessBytes(c.New.Access))
	case plan.Update:
		return updateBytes + path + c.After.Size()
	default:
		return deleteBytes + path
	}
}

// accessBytes returns what an access list takes of a frame, at most.
func accessBytes(a plan.Access) int {
	size := 0
	for _, entry := range a {
		size += 12 + len(entry)
	}
	return size
}

// Features implements target.Target.
func (t *Target) Features() target.Features { return target.Features{ACLs: true} }

// Limits implements target.Target.
func (t *Target) Limits() target.Limits {
	return target.Limits{
		Bytes: t.opts.BatchBytes, Max: t.opts.MaxRequest,
		Ops:      t.opts.BatchOps - len(ancestors(t.url.Root)) - 3,
		Cost:     t.cost,
		Overhead: t.overhead(),
	}
}

// overhead is what a batch takes of a frame before its first change: the fence,
// the znode of the history entry, and the root, should it be missing.
func (t *Target) overhead() int {
	fence := updateBytes + len(t.locksRoot()) + 1 + guidLength + 1 + 10 + runBytes
	entry := createBytes + len(t.historyRoot()) + 64 + openACLBytes + closedBytes
	for _, c := range t.opts.Credentials {
		entry += digestBytes + len(c.User)
	}
	root := 0
	for _, path := range append(ancestors(t.url.Root), t.url.Root) {
		root += createBytes + len(path) + openACLBytes
	}
	return frameOverhead + fence + entry + root
}

// RequestBytes returns the size to allow a request that writes so many bytes to a
// znode, with its history entry and its access list: a multiple of 64 KiB.
func RequestBytes(path string, size int) int {
	const step, beside = 64 << 10, 8 << 10
	need := size + len(path) + beside
	if need <= DefaultRequest {
		return need
	}
	return (need + step - 1) / step * step
}

// ancestors returns the parents of a path, the highest first.
func ancestors(path string) []string {
	var all []string
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			all = append(all, path[:i])
		}
	}
	return all
}
