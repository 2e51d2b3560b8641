package file

import (
	"errors"
	"io/fs"
	"os"
)

// What is beside the tree holds what configurations hold, or held. It is for its
// owner's eyes only before the first byte is in it, whatever the umask.
const (
	privateFile   fs.FileMode = 0o600
	privateFolder fs.FileMode = 0o700
)

// makePrivate makes a folder, or makes one private that is there.
func makePrivate(path string) error {
	made := os.Mkdir(path, privateFolder)
	if made != nil && !errors.Is(made, fs.ErrExist) {
		return made
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return made
	case info.Mode().Perm() == privateFolder:
		return nil
	}
	return os.Chmod(path, privateFolder)
}

// writePrivate writes a file of our own, and has it reach the disk.
func writePrivate(path string, data []byte) error {
	f, err := openOurs(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	if err := f.Chmod(privateFile); err != nil {
		return errors.Join(err, f.Close())
	}
	return writeSynced(f, data)
}

// writeSynced writes to a file, has that reach the disk, and closes the file.
func writeSynced(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
