package file

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/confo-sync/confo-sync/target"
)

// Beside the tree this package makes folders and plain files. Whatever else is there
// somebody put there, and a repository may have brought it: by a link another file
// would be read, written or moved, and on a pipe a reader waits for ever. So each
// is looked at before it is opened, and nothing but what can be ours is.

// What files beside the tree hold at most.
const (
	smallMost = 1 << 20  // the lock and the owner
	entryMost = 66 << 20 // an entry of the history: 64 MiB of records that don't compress, and a header
	stateMost = 1 << 30  // a journal
)

const stateHint = "find out who put it there, and remove it: confo-sync reads only its own files there"

// foreign is the error of what stands beside the tree and can't be ours.
type foreign struct{ message string }

func (f *foreign) Error() string { return f.message }

// ours returns why what is at a path beside the tree can't be ours, which is of the
// type kind, or nil. There may be nothing, or nothing that this user may look at.
func ours(path string, kind fs.FileMode) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() == kind {
		return nil
	}
	what := map[fs.FileMode]string{fs.ModeSymlink: "a link", fs.ModeDir: "a folder", 0: "a file"}
	is := what[info.Mode().Type()]
	if is == "" {
		is = "neither a file nor a folder"
	}
	return target.WithHint(&foreign{fmt.Sprintf("this is %s, but confo-sync keeps %s of its own there", is, what[kind])}, stateHint)
}

// openOurs opens a file beside the tree.
func openOurs(path string, flag int) (*os.File, error) {
	if err := ours(path, 0); err != nil {
		return nil, err
	}
	return os.OpenFile(path, flag|asItIs, privateFile)
}

// readOurs reads a file beside the tree that holds so many bytes at most.
func readOurs(path string, most int64) ([]byte, error) {
	f, err := openOurs(path, os.O_RDONLY)
	if err != nil {
		return nil, failed("read", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() > most {
		err = target.WithHint(&foreign{fmt.Sprintf("it has more than %d bytes, so confo-sync did not write it", most)}, stateHint)
	}
	if err != nil {
		return nil, failed("read", path, err)
	}
	// The room is made at once: while it grows, it would be there several times.
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(f, most)); err != nil {
		return nil, failed("read", path, err)
	}
	return data.Bytes(), nil
}
