package zk

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// How many znodes a target may have, and how many bytes their names. No Confo has nearly
// as many; a server that makes them up could otherwise exhaust the memory.
const (
	maxZnodes     = 1 << 19
	maxZnodeNames = 32 << 20
)

// znodeCount counts the znodes that a server has listed below a root.
type znodeCount struct {
	root  string
	count int
	bytes int // of their names
}

// add counts more of them. It returns an error if there are too many.
func (l *znodeCount) add(names []string) error {
	l.count += len(names)
	for _, name := range names {
		l.bytes += len(name)
	}
	switch {
	case l.count > maxZnodes:
		return l.tooMany("there are more than %d znodes below %s", maxZnodes)
	case l.bytes > maxZnodeNames:
		return l.tooMany("the znodes' names have more than %d bytes below %s", maxZnodeNames)
	}
	return nil
}

func (l *znodeCount) tooMany(format string, most int) error {
	return target.WithHint(&explained{fmt.Errorf(format, most, plan.Printable(l.root))}, "name the root of Confo in the target")
}
