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
	shown := names[:listed(names)]
	list := Printable(strings.Join(shown, ", "))
	if more := len(names) - len(shown); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// Both returns names as a sentence lists them, and of many the first ones:
//
//	Both([]string{"a", "b", "c"}) // "a, b and c"
func Both(names []string) string { return joined(names, "and") }

// Either returns names as a sentence lists alternatives, and of many the first ones:
//
//	Either([]string{"a", "b", "c"}) // "a, b or c"
func Either(names []string) string { return joined(names, "or") }

// joined returns names with a word before the last.
func joined(names []string, word string) string {
	last := len(names) - 1
	if last < 1 || listed(names) < len(names) {
		return ListNames(names)
	}
	return Printable(strings.Join(names[:last], ", ") + " " + word + " " + names[last])
}

// listed returns how many of the names a list shows.
func listed(names []string) int {
	shown, size := 0, 0
	for shown < len(names) && shown < mostListed && (shown == 0 || size+len(names[shown]) <= mostListedBytes) {
		size += len(names[shown])
		shown++
	}
	return shown
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
