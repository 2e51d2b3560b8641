package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Dump implements target.Dumper: every file and folder with its mode, links with
// where they lead and, of a configuration's, what is there. Nobody writes through
// this package meanwhile; what Confo itself writes may be had before or after.
func (t *Target) Dump(ctx context.Context, to target.Dump, progress func(done, total int)) (target.Dumped, error) {
	if err := canceled(ctx, "read", t.path); err != nil {
		return target.Dumped{}, err
	}
	p, err := t.place()
	if err != nil {
		return target.Dumped{}, err
	}
	unlock, _, err := t.lockToRead(ctx, p)
	if err != nil {
		return target.Dumped{}, err
	}
	defer unlock()
	if err := p.earlierUnfinished(); err != nil {
		return target.Dumped{}, err
	}
	d := dump{place: p, ctx: ctx, to: to, progress: progress}
	switch info, err := os.Stat(p.root); {
	case err != nil && isGone(p.root, err):
		return target.Dumped{}, nil
	case err != nil:
		return target.Dumped{}, unreadable(t.path, err)
	case !info.IsDir():
		return target.Dumped{}, notFolder(t.path)
	default:
		err = d.folder("", plan.Stored{Folder: true, Mode: uint32(info.Mode().Perm()), Revision: folderRevision})
		return target.Dumped{Exists: true}, err
	}
}

// dump reads everything below a root. Paths are relative to it.
type dump struct {
	place
	ctx      context.Context
	to       target.Dump
	progress func(done, total int)
	done     int
}

func (d *dump) add(s plan.Stored) error {
	if d.done++; d.progress != nil && d.done%1024 == 0 {
		d.progress(d.done, d.done)
	}
	return d.to.Add(s)
}

// folder hands over a folder and what is in it, but for git's own.
func (d *dump) folder(path string, s plan.Stored) error {
	entries, err := os.ReadDir(filepath.Join(d.root, filepath.FromSlash(path)))
	if err != nil {
		d.gap(path, err)
		return nil
	}
	if err := d.add(s); err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		if isGits(e.Name()) {
			continue
		}
		if err := canceled(d.ctx, "read", d.root); err != nil {
			return err
		}
		if err := d.entry(joined(path, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func joined(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// entry hands over one entry of a folder.
func (d *dump) entry(path string) error {
	full := filepath.Join(d.root, filepath.FromSlash(path))
	info, err := os.Lstat(full)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.gap(path, err)
		}
		return nil // gone since it was listed
	}
	s := plan.Stored{Path: path, Mode: uint32(info.Mode().Perm()), Revision: folderRevision}
	mode := info.Mode()
	if mode&fs.ModeSymlink != 0 {
		if s.Link, err = os.Readlink(full); err != nil {
			d.gap(path, err)
			return nil
		}
		s.Revision = linkRevision(filepath.Base(full), s.Link)
		if err := d.mayFollow(full); err != nil {
			d.to.Gap(path, err.Error())
			return nil
		}
		behind, err := os.Stat(full)
		switch {
		case err == nil:
			mode, s.Mode = behind.Mode(), uint32(behind.Mode().Perm())
		case !errors.Is(err, fs.ErrNotExist):
			d.gap(path, err)
			return nil
		default:
			s.Foreign, s.Mode = "a link that leads nowhere", 0
			return d.add(s)
		}
	}
	s.Key, s.Foreign = whatIs(path, mode)
	switch {
	case mode.IsDir() && s.Link != "":
		s.Folder = true
		return d.linked(path, s)
	case mode.IsDir():
		s.Folder = true
		return d.folder(path, s)
	case !mode.IsRegular():
		d.to.Gap(path, "it is neither a file nor a folder, so it can't be backed up")
		return nil
	}
	data, err := os.ReadFile(full)
	if err != nil {
		d.gap(path, err)
		return nil
	}
	s.Value = fileValue(data)
	if s.Link == "" {
		s.Revision = fileRevision(filepath.Base(full), data)
	}
	return d.add(s)
}

// linked hands over a link to a folder: that of a namespace with what is in it, of
// any other only that it is there.
func (d *dump) linked(path string, s plan.Stored) error {
	if s.Key == (plan.Key{}) {
		return d.add(s)
	}
	return d.folder(path, s)
}

// whatIs says what Confo takes a path for.
func whatIs(path string, mode fs.FileMode) (plan.Key, string) {
	parts := strings.Split(path, "/")
	switch {
	case len(parts) == 1 && mode.IsDir():
		return plan.Key{Namespace: parts[0]}, ""
	case len(parts) == 1:
		return plan.Key{}, "a plain file, on which Confo crashes"
	case len(parts) == 2 && mode.IsRegular() && configName(parts[1]) != "":
		return plan.Key{Namespace: parts[0], Config: configName(parts[1])}, ""
	case len(parts) == 2 && mode.IsRegular():
		return plan.Key{}, "a file that Confo reads as a configuration with an empty name"
	case len(parts) == 2 && mode.IsDir():
		return plan.Key{}, "a folder, on which Confo crashes"
	}
	return plan.Key{}, "in a folder that is not Confo's"
}

func (d *dump) gap(path string, err error) {
	full := d.root
	if path != "" {
		full = filepath.Join(d.root, filepath.FromSlash(path))
	}
	d.to.Gap(path, unreadable(full, err).Error())
}

var _ target.Dumper = (*Target)(nil)
