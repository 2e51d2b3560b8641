package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// kind is what an entry of a folder is, behind its links.
type kind uint8

const (
	gone kind = iota // removed since the folder was listed
	plainFile
	folder
	special // a pipe, a socket, a device
)

// kindOf says what the entry of dir is. Links are followed, as Confo does, where
// they may be.
func (p place) kindOf(dir string, entry fs.DirEntry) (kind, error) {
	mode := entry.Type()
	if mode&fs.ModeSymlink != 0 {
		path := filepath.Join(dir, entry.Name())
		if err := p.mayFollow(path); err != nil {
			return 0, err
		}
		info, err := os.Stat(path)
		switch {
		case err == nil:
			mode = info.Mode()
		case isGone(path, err):
			return gone, nil
		case errors.Is(err, fs.ErrNotExist):
			return 0, deadLink(path)
		default:
			return 0, unreadable(path, err)
		}
	}
	switch {
	case mode.IsDir():
		return folder, nil
	case mode.IsRegular():
		return plainFile, nil
	default:
		return special, nil
	}
}

// isGone tells a path that is no longer there from a link that leads nowhere,
// given the error of following it.
func isGone(path string, err error) bool {
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err = os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// entry is one entry of a namespace's folder.
type entry struct {
	config string // the configuration that Confo takes it for
	file   string // its own name
	link   bool   // a symbolic one
	// foreign says what it is, when it can't be a configuration.
	foreign string
}

// listNamespace returns the entries of a namespace's folder by file name. A
// folder that is gone has none, and exists is false.
func (p place) listNamespace(dir string) (entries []entry, exists bool, err error) {
	listed, err := os.ReadDir(dir)
	if err != nil {
		if isGone(dir, err) {
			return nil, false, nil
		}
		return nil, false, unreadable(dir, err)
	}
	for _, l := range listed {
		kind, err := p.kindOf(dir, l)
		if err != nil {
			return nil, false, err
		}
		e := entry{config: configName(l.Name()), file: l.Name(), link: l.Type()&fs.ModeSymlink != 0}
		switch {
		case kind == gone:
			continue
		case kind == folder:
			e.foreign = "a folder, on which Confo crashes"
		case kind == special:
			e.foreign = "neither a file nor a folder"
		case e.config == "":
			e.foreign = "a file that Confo reads as a configuration with an empty name"
		}
		entries = append(entries, e)
	}
	return entries, true, nil
}

// unreadable is the error of what is there and can't be read.
func unreadable(path string, err error) error {
	return target.WithHint(failed("read", path, err),
		"make it readable for this user, or exclude it; unreadable files are never treated as deleted")
}

// notFolder is the error of a tree that is a file.
func notFolder(path string) error {
	return target.WithHint(fmt.Errorf("%s is not a folder", plan.Printable(path)),
		"name a folder that has a folder for each namespace")
}

// ambiguous is the error of two files that are one configuration to Confo.
func ambiguous(dir, file, other string) error {
	return target.WithHint(fmt.Errorf("%s and %s have the same configuration name, and Confo reads only one of them",
		plan.Printable(filepath.Join(dir, file)), plan.Quote(other)),
		"remove one of them: a configuration's name ends at the first dot of the file name")
}
