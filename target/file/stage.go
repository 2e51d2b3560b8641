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
	staged string // its name in the staging folder
	data   []byte
	// replaces is the file that is there now, or nil.
	replaces fs.FileInfo
	private  bool // for its owner's eyes only
}

// stage writes the new files beside the tree and returns the name of the folder
// that they are in. After an error there is none.
func (t *Target) stage(ctx context.Context, p place, writes []write) (string, error) {
	dir, err := os.MkdirTemp(p.state, stagingPrefix)
	if err != nil {
		return "", failed("make a folder in", p.state, err)
	}
	t.after("staging folder made")
	err = inParallel(ctx, "write to", t.path, len(writes), func(i int) error {
		w := writes[i]
		full := filepath.Join(dir, w.staged)
		mode := fs.FileMode(0o666)
		if w.replaces != nil || w.private {
			mode = 0o600
		}
		if err := writeSynced(full, mode, w.data, w.replaces); err != nil {
			return failed("write", full, err)
		}
		return nil
	})
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	t.after("staged")
	return filepath.Base(dir), nil
}

// writeSynced writes a file and has it reach the disk. The mode is subject to
// the umask, as that of Confo's files is; a file that is to replace another
// gets that one's mode, owner and group.
func writeSynced(path string, mode fs.FileMode, data []byte, replaces fs.FileInfo) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	if replaces != nil {
		if err := keepOwner(f, replaces); err != nil {
			return target.WithHint(fmt.Errorf("keep the owner of %s: %w", plan.Quote(replaces.Name()), err),
				"run this as the user whose file it is, or as root")
		}
		if err := f.Chmod(replaces.Mode().Perm()); err != nil {
			return err
		}
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}
