package target

import (
	"errors"
	"fmt"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// Conflict is the error of changes that were not applied because objects have changed
// since the plan was made.
type Conflict struct {
	Moved []Moved
}

// Moved is an object that has changed since the plan was made.
type Moved struct {
	Change plan.Change // the planned change
	Exists bool        // the object exists now
	Now    plan.Value  // its current value, if it is a configuration
	// Why describes another reason for the conflict. It is set if the object itself has
	// not changed.
	Why string
}

// What describes in a few words what happened to the object.
func (m Moved) What() string {
	switch {
	case m.Why != "":
		return m.Why
	case m.Change.Action == plan.Create:
		return "was created by someone else"
	case !m.Exists:
		return "was deleted by someone else"
	case m.Now.Same(m.Change.Before):
		return "was rewritten by someone else with the same value"
	default:
		return "was changed by someone else"
	}
}

func (c *Conflict) Error() string { return "since the plan was made, " + plan.ListNames(c.Listed()) }

// Listed returns a description of each object. The error message contains only the
// first ones.
func (c *Conflict) Listed() []string {
	names := make([]string, len(c.Moved))
	for i, m := range c.Moved {
		names[i] = m.Change.Name() + " " + m.What()
	}
	return names
}

// Unknown is the error of changes with an unknown outcome: they may have been applied
// or not.
type Unknown struct {
	Err error
}

func (u *Unknown) Error() string {
	return fmt.Sprintf("it is unknown whether these changes were applied, because the answer was lost: %v", u.Err)
}

func (u *Unknown) Unwrap() error { return u.Err }

// Locked is the error if another run holds the lock.
type Locked struct {
	Holder Run
	Waited time.Duration
}

func (l *Locked) Error() string {
	if l.Holder.Who == "" {
		return fmt.Sprintf("the target has been locked by someone else for %s", l.Waited.Round(time.Millisecond))
	}
	return fmt.Sprintf("the target is locked: %s", l.Holder)
}

// LockLost is the error if a run has lost its lock: its session has ended, or somebody
// has deleted the lock.
type LockLost struct {
	// Applied reports whether the current batch was applied.
	Applied bool
}

func (l *LockLost) Error() string {
	if l.Applied {
		return "the lock was lost; the current transaction was applied"
	}
	return "the lock was lost; the current transaction was not applied"
}

// String describes the run: who runs which command, where and since when.
func (r Run) String() string {
	who := plan.Printable(r.Who)
	if who == "" {
		return "an unknown process"
	}
	return fmt.Sprintf("%s on %s (process %d) has been running %s since %s",
		who, plan.Printable(r.Host), r.PID, plan.Printable(r.Operation), r.Since.Local().Format(time.DateTime))
}

// Hinted is an error with a hint that names the next step.
type Hinted struct {
	Err  error
	Hint string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// WithHint returns err with a hint.
func WithHint(err error, hint string) error { return &Hinted{err, hint} }

// ErrDocumentMoved means that a document has changed since it was read.
var ErrDocumentMoved = errors.New("somebody else has just changed the owner or the list of sensitive fields of the target")
