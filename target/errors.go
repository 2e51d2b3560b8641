package target

import (
	"errors"
	"fmt"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// Conflict is the error of changes that were not applied because what they
// were computed from has moved since.
type Conflict struct {
	Moved []Moved
}

// Moved is an object that is no longer what a plan saw.
type Moved struct {
	Change plan.Change // what would have been done
	Exists bool        // whether the object is there now
	Now    plan.Value  // what it holds now, if it is a configuration
	// Why is set when the object itself is as it was, and says what else came
	// in between.
	Why string
}

// What says in a few words what happened to the object.
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

// Listed returns what happened to each object. The message has the first of them.
func (c *Conflict) Listed() []string {
	names := make([]string, len(c.Moved))
	for i, m := range c.Moved {
		names[i] = plan.Printable(m.Change.Key.String()) + " " + m.What()
	}
	return names
}

// Unknown is the error of changes of which it can't be told whether they were
// applied.
type Unknown struct {
	Err error
}

func (u *Unknown) Error() string {
	return fmt.Sprintf("it is unknown whether these changes were applied, because the answer was lost: %v", u.Err)
}

func (u *Unknown) Unwrap() error { return u.Err }

// Locked is the error of a lock that someone else holds.
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

// LockLost is the error of a lock that its holder no longer has: its session
// has ended, or somebody has deleted it.
type LockLost struct {
	// Applied says that the batch under way was applied all the same.
	Applied bool
}

func (l *LockLost) Error() string {
	if l.Applied {
		return "the lock was lost; the current transaction was applied"
	}
	return "the lock was lost; the current transaction was not applied"
}

// String says who runs what, since when.
func (r Run) String() string {
	who := plan.Printable(r.Who)
	if who == "" {
		return "an unknown process"
	}
	return fmt.Sprintf("%s on %s (process %d) has been running %s since %s",
		who, plan.Printable(r.Host), r.PID, plan.Printable(r.Operation), r.Since.Local().Format(time.DateTime))
}

// Hinted is an error with the next step to take.
type Hinted struct {
	Err  error
	Hint string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// WithHint returns err with the next step to take.
func WithHint(err error, hint string) error { return &Hinted{err, hint} }

// ErrMarksMoved is the error of marks that somebody else has changed since they were read.
var ErrMarksMoved = errors.New("somebody else has just changed the list of sensitive fields")
