package target

import (
	"fmt"
	"strings"

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
		return "was written again by someone else, with the same value"
	default:
		return "was changed by someone else"
	}
}

func (c *Conflict) Error() string {
	names := make([]string, len(c.Moved))
	for i, m := range c.Moved {
		names[i] = plan.Printable(m.Change.Key.String()) + " " + m.What()
	}
	return "since the plan was made, " + strings.Join(names, ", ")
}

// Unknown is the error of changes of which it can't be told whether they were
// applied.
type Unknown struct {
	Err error
}

func (u *Unknown) Error() string {
	return fmt.Sprintf("the answer was lost, so these changes may or may not have been applied: %v", u.Err)
}

func (u *Unknown) Unwrap() error { return u.Err }

// Hinted is an error with the next step to take.
type Hinted struct {
	Err  error
	Hint string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// WithHint returns err with the next step to take.
func WithHint(err error, hint string) error { return &Hinted{err, hint} }
