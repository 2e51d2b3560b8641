package archive

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
)

// Error says why an archive can't be written or read, though nothing is wrong
// with it. Like every error of this package that is a type it has a Hint, which
// says what to do next.
type Error struct {
	Message, Next string
	Err           error // the cause, if there is one beside the message
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *Error) Hint() string { return e.Next }

// Exists is the error of a file that is in an archive's place already.
type Exists struct{ Path string }

func (e *Exists) Error() string { return plan.Printable(e.Path) + " already exists" }

// Hint says what to do next.
func (e *Exists) Hint() string { return "choose another name, or replace it with --overwrite" }

// Damaged is the error of an archive that is not as it was written.
type Damaged struct {
	Path string
	What string // is wrong, in words that follow "it is damaged: "
}

func (d *Damaged) Error() string {
	return fmt.Sprintf("the backup %s is damaged: %s", plan.Printable(d.Path), d.What)
}

// Hint says what to do next.
func (d *Damaged) Hint() string {
	return "copy it again from the original, or use another backup (check it with confo-sync backup verify)"
}

// Newer is the error of an archive whose format this program doesn't know yet.
type Newer struct {
	Path    string
	Version int
}

func (n *Newer) Error() string {
	return fmt.Sprintf("the backup %s has version %d of the format, and this program supports version %d", plan.Printable(n.Path), n.Version, version)
}

// Hint says what to do next.
func (n *Newer) Hint() string { return "read it with a newer confo-sync" }

// NotArchive is the error of a file that is no archive.
type NotArchive struct {
	Path string
	Why  string
}

func (n *NotArchive) Error() string {
	return fmt.Sprintf("%s is not a backup: %s", plan.Printable(n.Path), n.Why)
}

// Hint says what to do next.
func (n *NotArchive) Hint() string { return `run "confo-sync backup" to make a backup` }

// TooLarge is the error of something that is larger than an archive holds.
type TooLarge struct {
	Path string // below the root
	Size int    // bytes
	Most int
}

func (t *TooLarge) Error() string {
	return fmt.Sprintf("%s has %d bytes, and the limit of a backup for one znode or file is %d", plan.Quote(t.Path), t.Size, t.Most)
}

// Hint says what to do next.
func (t *TooLarge) Hint() string {
	return "check this object: Confo does not write objects of this size"
}
