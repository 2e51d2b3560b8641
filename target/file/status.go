package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

var _ target.Examiner = (*Target)(nil)

// Examine implements target.Examiner.
func (t *Target) Examine(ctx context.Context) (*target.Status, error) {
	if err := canceled(ctx, "look at", t.path); err != nil {
		return nil, err
	}
	s := &target.Status{}
	p, err := t.place()
	if err != nil {
		s.Unread = err
		return s, nil
	}
	s.Folder = &target.Folder{Path: p.root, State: p.state, Journal: p.hasJournal()}
	if info, err := os.Stat(p.root); err == nil {
		s.Folder.Exists = true
		if !info.IsDir() {
			s.Unread = notFolder(t.path)
			return s, nil
		}
	}
	s.Lock = p.lockState()
	s.Folder.Leftovers = !s.Folder.Journal && s.Lock.Holder == nil && p.hasLeftovers()
	s.Access = []target.Rights{rightsAt(p.root), rightsAt(p.state)}
	s.Problems = folderProblems(s)
	return s, nil
}

// lockState tells who writes at the moment.
func (p place) lockState() target.Lock {
	for _, path := range []string{p.runFile(), p.lockFile()} {
		switch holder, err := heldBy(path); {
		case err != nil:
			return target.Lock{Unknown: err.Error()}
		case holder != nil:
			return target.Lock{Holder: holder}
		}
	}
	return target.Lock{}
}

// hasLeftovers reports whether something was staged that is of no more use.
func (p place) hasLeftovers() bool {
	entries, err := os.ReadDir(p.state)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stagingPrefix) {
			return true
		}
	}
	return false
}

// rightsAt returns what may be done with a folder, or with the lowest one above it
// that exists.
func rightsAt(path string) target.Rights {
	at := path
	for {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	r := target.Rights{Path: path, At: at, Read: target.No, Write: target.No, Administer: target.Untold}
	if f, err := os.Open(at); err == nil {
		if _, err := f.Readdirnames(1); err == nil || !errors.Is(err, fs.ErrPermission) {
			r.Read = target.Yes
		}
		f.Close()
	}
	if mayChange(at) == nil {
		r.Write = target.Yes
	}
	r.Create, r.Delete = r.Write, r.Write
	return r
}

// folderProblems says what won't work.
func folderProblems(s *target.Status) (found []plan.Finding) {
	problem := func(message, hint string) {
		found = append(found, plan.Finding{Message: message, Hint: hint})
	}
	const hint = "run this as a user with the permission, or give the permission to this user"
	said := ""
	for _, r := range s.Access {
		if r.Create == target.No && r.At != said {
			said = r.At
			problem(fmt.Sprintf("nothing can be created or changed in %s: permission denied, or the file system is mounted read-only", plan.Printable(r.At)), hint)
		}
	}
	return found
}
