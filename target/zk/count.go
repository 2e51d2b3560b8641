package zk

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// maxZnodes is how many znodes a target may have. No Confo has nearly as many; a server
// that makes them up could otherwise exhaust the memory.
const maxZnodes = 1 << 19

// znodeCount counts the znodes that a server has listed below a root.
type znodeCount struct {
	root  string
	count int
}

// add counts more of them. It returns an error if there are too many.
func (l *znodeCount) add(count int) error {
	if l.count += count; l.count <= maxZnodes {
		return nil
	}
	return target.WithHint(fmt.Errorf("there are more than %d znodes below %s", maxZnodes, plan.Printable(l.root)),
		"name the root of Confo's tree in the target")
}
