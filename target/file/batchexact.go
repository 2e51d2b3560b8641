package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// exact works out the steps for the changes of an exact plan. The changes apply to the
// files, folders and links themselves: no link is followed.
func (b *batch) exact(ctx context.Context, changes []plan.Change) error {
	e := exactBatch{batch: b, made: map[string]bool{}, gone: map[string]bool{}}
	for _, c := range changes {
		if c.Action == plan.Create {
			e.made[c.Place()] = true
		}
	}
	for _, c := range changes {
		if err := canceled(ctx, "write to", b.path); err != nil {
			return err
		}
		if err := e.change(c); err != nil {
			return err
		}
	}
	return nil
}

type exactBatch struct {
	*batch
	made map[string]bool // paths that the batch creates
	gone map[string]bool // paths that it has deleted so far
}

// object is the file, folder or link at a path.
type object struct {
	info     fs.FileInfo // nil if there is nothing at the path
	revision plan.Revision
	value    plan.Value
}

// look returns the object at a path. All folders have the same revision.
func look(full string) (o object, err error) {
	info, err := os.Lstat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist) || isNotFolder(err): // its parent is still a file
		return o, nil
	case err != nil:
		return o, unreadable(full, err)
	}
	o.info = info
	switch {
	case info.IsDir():
		o.revision = folderRevision
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(full)
		if err != nil {
			return o, unreadable(full, err)
		}
		o.revision = linkRevision(filepath.Base(full), link)
	case info.Mode().IsRegular():
		data, err := os.ReadFile(full)
		if err != nil {
			return o, unreadable(full, err)
		}
		o.revision, o.value = fileRevision(filepath.Base(full), data), fileValue(data)
	}
	return o, nil
}

func (e *exactBatch) change(c plan.Change) error {
	place := c.Place()
	if slices.ContainsFunc(strings.Split(place, "/"), isGits) {
		return target.WithHint(fmt.Errorf("%s belongs to git, so confo-sync does not change it", c.Name()), "make a new backup, which leaves out the files of git")
	}
	if place != "" && !filepath.IsLocal(place) {
		return fmt.Errorf("%s is outside the target", c.Name())
	}
	full := filepath.Join(e.place.root, filepath.FromSlash(place))
	if e.replaced(place) == "" {
		if err := e.notLedOut(filepath.Dir(full)); err != nil {
			return err
		}
	}
	if c.Action == plan.Create {
		return e.create(c, full)
	}
	if c.Action == plan.SetAccess && e.made[place] {
		e.steps = append(e.steps, step{Op: setMode, Path: pathOf(e.place.root, full), Mode: perm(c.New.Mode)})
		return nil
	}
	now, err := look(full)
	if err != nil {
		return err
	}
	if now.info == nil || c.Action != plan.SetAccess && now.revision != c.Revision {
		e.conflict(c, target.Moved{Exists: now.info != nil, Now: now.value})
		return nil
	}
	switch c.Action {
	case plan.SetAccess:
		if mode := uint32(now.info.Mode().Perm()); mode != c.Old.Mode {
			e.conflict(c, target.Moved{Exists: true, Why: "got a different mode from someone else"})
			return nil
		}
		e.steps = append(e.steps, step{Op: setMode, Path: pathOf(e.place.root, full), Mode: perm(c.New.Mode)})
	case plan.Update:
		e.write(c, full, full, now.info)
	case plan.Delete:
		e.gone[place] = true
		return e.remove(c, full, now.info)
	}
	return nil
}

// replaced returns the ancestor folder of a path that the batch creates in place of
// something else, such as a link. It returns "" if there is none. If there is one, the
// current destination of the path does not matter.
func (e *exactBatch) replaced(place string) string {
	for i := range place {
		if above := place[:i]; place[i] == '/' && e.gone[above] && e.made[above] {
			return above
		}
	}
	return ""
}

func (e *exactBatch) remove(c plan.Change, full string, info fs.FileInfo) error {
	if !info.IsDir() {
		// The new file replaces the old one, so there is no separate step to remove it.
		// The journal may run twice, and the second run would remove the new file.
		if !e.made[c.Place()] || c.New.Folder {
			e.step(remove, full)
		}
		return nil
	}
	entries, err := os.ReadDir(full)
	if err != nil {
		return unreadable(full, err)
	}
	for _, entry := range entries {
		switch {
		case isGits(entry.Name()):
			return target.WithHint(fmt.Errorf("%s can't be deleted: it has files of git", c.Name()), "delete it by hand if nobody needs it")
		case !e.gone[joined(c.Place(), entry.Name())]:
			e.conflict(c, target.Moved{Exists: true, Why: "has new content"})
			return nil
		}
	}
	e.step(removeFolder, full)
	return nil
}

// create creates an object that does not exist, or that the batch has deleted.
func (e *exactBatch) create(c plan.Change, full string) error {
	if c.Place() == "" {
		return nil // root has created it
	}
	var now object
	replaced := e.replaced(c.Place())
	if replaced == "" {
		var err error
		if now, err = look(full); err != nil {
			return err
		}
	}
	if now.info != nil && !e.gone[c.Place()] {
		e.conflict(c, target.Moved{Exists: true, Now: now.value})
		return nil
	}
	if c.New.Folder && c.New.Link == "" {
		if now.info != nil && !now.info.IsDir() {
			e.step(remove, full) // a folder can't replace a file
		}
		// Its mode is set after its content is created.
		e.steps = append(e.steps, step{Op: makeFolder, Path: pathOf(e.place.root, full), Mode: 0o700})
		return nil
	}
	if c.New.Link != "" {
		e.stage(step{Op: placeLink, Path: pathOf(e.place.root, full)}, write{link: c.New.Link})
		return nil
	}
	like := filepath.Dir(full)
	if replaced != "" {
		like = filepath.Dir(filepath.Join(e.place.root, filepath.FromSlash(replaced)))
	}
	info, err := os.Stat(like)
	for (errors.Is(err, fs.ErrNotExist) || isNotFolder(err) || err == nil && !info.IsDir()) && like != filepath.Dir(e.place.root) {
		like = filepath.Dir(like)
		info, err = os.Stat(like)
	}
	if err != nil {
		return unreadable(like, err)
	}
	e.write(c, full, like, info)
	return nil
}

func (e *exactBatch) write(c plan.Change, full, like string, info fs.FileInfo) {
	mode := fs.FileMode(c.New.Mode)
	e.stage(step{Op: writeFile, Path: pathOf(e.place.root, full)}, write{data: c.After.Reveal(), like: like, info: info, mode: &mode})
}
