package planfile

import (
	"encoding/hex"
	"encoding/json"
	"regexp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
)

// Side is the side that has changed since a plan was saved.
type Side uint8

// The sides.
const (
	Tree Side = iota + 1
	Live
	Either // it is unknown which side
)

// String returns the name of the side.
func (s Side) String() string { return [...]string{"none", "tree", "target", "either"}[s] }

// Moved is an object that a plan would now treat differently.
type Moved struct {
	Key      plan.Key
	Side     Side
	Position plan.Position // in the current tree
	// Maybe says that this object has possibly not changed. At least one of all objects
	// with Maybe has, but no visible value shows which one.
	Maybe bool
}

// Now is a plan that was made again.
type Now struct {
	Changes []plan.Change
	Report  *render.Report
	Desired *plan.Tree
	Live    *plan.Snapshot
	// Since reports whether an object with revision r was written after the transaction
	// zxid. It is nil if the target can't tell.
	Since func(r plan.Revision, zxid int64) bool
}

// Compare returns the objects that differ between the saved plan and the same plan made
// again.
func (f *File) Compare(fp Fingerprint, now Now) []Moved {
	c := comparison{
		file: f, now: now,
		tree: TreeSum(fp, now.Desired) != f.Tree,
		live: LiveSum(fp, now.Live) != f.Live,
	}
	return c.run()
}

type comparison struct {
	file       *File
	now        Now
	tree, live bool // which sides have changed
}

func (c *comparison) run() []Moved {
	saved := map[plan.Key]Object{}
	shown := map[plan.Key]string{}
	for _, o := range c.file.Objects {
		saved[o.Key()] = o
	}
	for change := range c.file.Report.Changes.All() {
		shown[change.Key()] = looks(change)
	}
	var moved, maybe []Moved
	seen := map[plan.Key]bool{}
	i := 0
	for change := range c.now.Report.Changes.All() {
		current := &c.now.Changes[i]
		i++
		key := current.Key
		seen[key] = true
		m := Moved{Key: key, Position: current.Position}
		was, planned := saved[key]
		revision := hex.EncodeToString(current.Revision[:])
		switch {
		case planned && was.Revision != "" && was.Revision != revision:
			m.Side = Live
			moved = append(moved, m)
		case !planned, shown[key] != looks(change):
			m.Side = c.side(current)
			moved = append(moved, m)
		case change.Sensitive():
			m.Side, m.Maybe = c.side(current), true
			if current.Action != plan.Delete || m.Side != Tree { // the tree has no entry for a deleted object
				maybe = append(maybe, m)
			}
		}
	}
	for _, o := range c.file.Objects {
		if key := o.Key(); !seen[key] {
			moved = append(moved, Moved{Key: key, Side: c.side(nil)})
		}
	}
	if len(moved) == 0 {
		return maybe
	}
	return moved
}

// looks returns the visible part of a change, without its position and without the
// numbers of its secrets, because both depend on other changes.
func looks(c render.Change) string {
	c.Source = nil
	text, _ := json.Marshal(c)
	return numbers.ReplaceAllString(string(text), "(sensitive)")
}

var numbers = regexp.MustCompile(`\(sensitive #[0-9]+\)`)

// side returns the side on which an object has changed. now is its current change, or
// nil.
func (c *comparison) side(now *plan.Change) Side {
	switch {
	case c.tree && !c.live:
		return Tree
	case c.live && !c.tree:
		return Live
	case now != nil && now.Action != plan.Create && c.now.Since != nil:
		if c.now.Since(now.Revision, c.file.Zxid) {
			return Live
		}
		return Tree
	}
	return Either
}
