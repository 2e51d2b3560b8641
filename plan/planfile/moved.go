package planfile

import (
	"encoding/hex"
	"encoding/json"
	"regexp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
)

// Side is where something moved since a plan was saved.
type Side uint8

// The sides.
const (
	Tree Side = iota + 1
	Live
	Either // it can't be told which
)

// String returns the side's name.
func (s Side) String() string { return [...]string{"none", "tree", "target", "either"}[s] }

// Moved is an object that a plan would treat differently now.
type Moved struct {
	Key      plan.Key
	Side     Side
	Position plan.Position // in the tree as it is now
	// Maybe says that only one of those that say so need have moved: nothing
	// that may be shown has.
	Maybe bool
}

// Now is a plan that was made again.
type Now struct {
	Changes []plan.Change
	Report  *render.Report
	Desired *plan.Tree
	Live    *plan.Snapshot
	// Since reports whether what has a revision was written after the saved
	// plan read the target. It is nil where that can't be told.
	Since func(r plan.Revision, zxid int64) bool
}

// Compare returns what moved between a saved plan and the same plan made again.
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
	tree, live bool // which side moved at all
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
			if current.Action != plan.Delete || m.Side != Tree { // a tree says nothing of what it lacks
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

// looks returns what is shown of a change, but for where it stands and how its
// secrets are numbered: lines move, and numbers count.
func looks(c render.Change) string {
	c.Source = nil
	text, _ := json.Marshal(c)
	return numbers.ReplaceAllString(string(text), "(sensitive)")
}

var numbers = regexp.MustCompile(`\(sensitive #[0-9]+\)`)

// side tells where an object moved that the plan changes now, or nil no longer
// changes.
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
