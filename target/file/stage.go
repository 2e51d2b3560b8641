package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

const stagingPrefix = "staging-"

// write is the content of a file to be staged.
type write struct {
	step int // in the batch: it gets the name in the staging folder, and the mode
	data []byte
	// like is what the file takes its owner, group and access list from: the
	// file that it replaces, or the folder that it will be in. A file of our own
	// takes them from nothing.
	like string
	info fs.FileInfo
	mode *fs.FileMode // that it gets, if it is not that of like
	link string       // it is a link, which leads there
}

// stage writes the batch's new files beside the tree and returns the name of the
// folder that they are in. After an error there is none. A staged file has the
// owner that it will have, and is private until it is moved.
func (t *Target) stage(ctx context.Context, p place, b *batch) (string, error) {
	dir, err := os.MkdirTemp(p.state, stagingPrefix)
	if err != nil {
		return "", failed("make a folder in", p.state, err)
	}
	t.after("staging folder made")
	err = t.stageIn(ctx, dir, b)
	// The journal must not outlive a power failure alone.
	for _, folder := range []string{dir, p.state} {
		if err == nil {
			if err = syncFolder(folder); err != nil {
				err = failed("sync", folder, err)
			}
		}
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	t.after("staged")
	return filepath.Base(dir), nil
}

func (t *Target) stageIn(ctx context.Context, dir string, b *batch) error {
	if err := makePrivate(dir); err != nil { // the umask may have closed it to us
		return failed("make the folder", dir, err)
	}
	if err := dropDefaultAccessList(dir); err != nil {
		return failed("write to", dir, err)
	}
	usual, err := usualMode(dir)
	if err != nil {
		return failed("write to", dir, err)
	}
	return inParallel(ctx, "write to", t.path, len(b.writes), func(i int) error {
		w := b.writes[i]
		full := filepath.Join(dir, b.steps[w.step].Staged)
		mode, err := w.stage(full, usual)
		if err != nil {
			return failed("write", full, err)
		}
		b.steps[w.step].Mode = perm(mode)
		return nil
	})
}

// usualMode returns the mode that a new file gets in dir. Only the making of one
// tells, as the umask can't be asked for without being changed.
func usualMode(dir string) (fs.FileMode, error) {
	f, err := os.OpenFile(filepath.Join(dir, "mode"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close(), os.Remove(f.Name())); err != nil {
		return 0, err
	}
	return info.Mode().Perm(), nil
}

// stage writes the file and has it reach the disk. It returns the mode that the
// file will have in its place, where usual is that of a new one.
func (w write) stage(full string, usual fs.FileMode) (fs.FileMode, error) {
	if w.link != "" {
		return 0, os.Symlink(w.link, full)
	}
	f, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, privateFile)
	if err != nil {
		return 0, err
	}
	mode, err := w.giveAccess(f, usual)
	if w.mode != nil {
		mode = *w.mode
	}
	if err == nil {
		err = f.Chmod(privateFile)
	}
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	return mode, writeSynced(f, w.data)
}

// giveAccess makes the file belong to whom it will, and returns the mode that it
// will have then.
func (w write) giveAccess(f *os.File, usual fs.FileMode) (fs.FileMode, error) {
	switch {
	case w.info == nil:
		return privateFile, nil
	case w.info.IsDir():
		return w.giveAccessIn(f, usual)
	}
	if err := keepOwner(f, w.info); err != nil {
		return 0, notGiven("keep the owner and group of", w.like, err, "run this as the owner of the file, in its group, or as root")
	}
	if _, err := copyAccessList(f, w.like, aclOfFile); err != nil {
		return 0, failed("keep the ACL of", w.like, err)
	}
	return w.info.Mode().Perm(), nil
}

// giveAccessIn is giveAccess for a new file: it becomes what it would be if it
// were made in the folder.
func (w write) giveAccessIn(f *os.File, usual fs.FileMode) (fs.FileMode, error) {
	if w.info.Mode()&fs.ModeSetgid != 0 {
		if err := keepGroup(f, w.info); err != nil {
			return 0, notGiven("set the group as on", w.like, err, "run this as a user in that group, or as root")
		}
	}
	given, err := copyAccessList(f, w.like, aclOfNewFiles)
	if err != nil {
		return 0, failed("set the ACL as on", w.like, err)
	}
	if !given {
		return usual, nil
	}
	info, err := f.Stat() // the list takes the umask's place
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm() & 0o666, nil
}

// notGiven is the error of a file that can't belong to whom it should, with what
// helps when it is for want of the right.
func notGiven(deed, path string, err error, hint string) error {
	if errors.Is(err, fs.ErrPermission) {
		return target.WithHint(fmt.Errorf("%s %s: %w", deed, plan.Printable(path), cause(err)), hint)
	}
	return failed(deed, path, err)
}
