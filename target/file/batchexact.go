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

// exact works out what the changes of an exact plan take. They are to files, folders and
// links as they are: no link is followed.
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
	made map[string]bool // what the batch creates
	gone map[string]bool // what it has deleted so far
}

// object is what stands at a path.
type object struct {
	info     fs.FileInfo // nil if nothing does
	revision plan.Revision
	value    plan.Value
}

// look returns what stands at a path. Of folders all have the same revision.
func look(full string) (o object, err error) {
	info, err := os.Lstat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist) || isNotFolder(err): // what it is to be in is still a file
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

// replaced returns the folder above a path that the batch makes where something else stands,
// such as a link, or "". What the path leads to now then does not matter.
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
		// What takes its place replaces it: the journal may be carried out twice, and the
		// second time what was removed would be the new one.
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

// create makes what is not there, or what the batch has deleted.
func (e *exactBatch) create(c plan.Change, full string) error {
	if c.Place() == "" {
		return nil // which root has made
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
			e.step(remove, full) // a folder can't take its place
		}
		// Its mode comes when all is in it.
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
