package plan

import (
	"fmt"
	"strings"
)

// The limits of a list in a message.
const (
	mostListed      = 10  // names
	mostListedBytes = 600 // of all names together
)

// ListNames returns a printable list of names for a message. If there are many, it
// lists the first ones and the number of the others.
//
//	ListNames([]string{"a", "b"}) // "a, b"
//	ListNames(hundred)            // "a, b, c, d, e, f, g, h, i, j and 90 more"
func ListNames(names []string) string {
	shown, size := 0, 0
	for shown < len(names) && shown < mostListed && (shown == 0 || size+len(names[shown]) <= mostListedBytes) {
		size += len(names[shown])
		shown++
	}
	list := Printable(strings.Join(names[:shown], ", "))
	if more := len(names) - shown; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// Listing is an error about several objects. Its message lists the first ones.
type Listing struct {
	Err   error
	Names []string // all of them, printable
}

func (l *Listing) Error() string { return l.Err.Error() + ": " + ListNames(l.Names) }
func (l *Listing) Unwrap() error { return l.Err }

// Listed returns all names.
func (l *Listing) Listed() []string { return l.Names }
