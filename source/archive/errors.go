package archive

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
)

// Error is the error if an archive can't be written or read for a reason other than
// damage. All error types of this package have a Hint with the next step.
type Error struct {
	Message, Next string
	Err           error // the cause, or nil
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Hint returns the next step.
func (e *Error) Hint() string { return e.Next }

// Exists is the error if the file of a new archive already exists.
type Exists struct{ Path string }

func (e *Exists) Error() string { return plan.Printable(e.Path) + " already exists" }

// Hint returns the next step.
func (e *Exists) Hint() string { return "choose another name, or replace it with --overwrite" }

// Damaged is the error of an archive that is damaged or was changed.
type Damaged struct {
	Path string
	What string // the damage, in words that can follow "it is damaged: "
}

func (d *Damaged) Error() string {
	return fmt.Sprintf("the backup %s is damaged: %s", plan.Printable(d.Path), d.What)
}

// Hint returns the next step.
func (d *Damaged) Hint() string {
	return "copy it again from the original, or use another backup (check it with confo-sync backup verify)"
}

// Newer is the error of an archive in a newer format.
type Newer struct {
	Path    string
	Version int
}

func (n *Newer) Error() string {
	return fmt.Sprintf("the backup %s has version %d of the format, and this program supports version %d", plan.Printable(n.Path), n.Version, version)
}

// Hint returns the next step.
func (n *Newer) Hint() string { return "read it with a newer confo-sync" }

// NotArchive is the error of a file that is not an archive.
type NotArchive struct {
	Path string
	Why  string
}

func (n *NotArchive) Error() string {
	return fmt.Sprintf("%s is not a backup: %s", plan.Printable(n.Path), n.Why)
}

// Hint returns the next step.
func (n *NotArchive) Hint() string { return `run "confo-sync backup" to make a backup` }

// TooLarge is the error of an object that is too large for an archive.
type TooLarge struct {
	Path string // below the root
	Size int    // in bytes
	Most int
}

func (t *TooLarge) Error() string {
	return fmt.Sprintf("%s has %d bytes, and the limit of a backup for one znode or file is %d", plan.Quote(t.Path), t.Size, t.Most)
}

// Hint returns the next step.
func (t *TooLarge) Hint() string {
	return "check this object: Confo does not write objects of this size"
}
