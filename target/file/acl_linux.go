package file

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// The access lists of POSIX, as Linux keeps them: who may do what beside the
// owner, the group and everybody else.
const (
	aclOfFile     = "system.posix_acl_access"
	aclOfNewFiles = "system.posix_acl_default" // of a folder, for what is made in it
)

// dropDefaultAccessList keeps what is made in a folder from having any access list
// but its own. The folder may have one from what it is in.
func dropDefaultAccessList(dir string) error {
	err := unix.Removexattr(dir, aclOfNewFiles)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// copyAccessList gives f the access list of what is at from, and reports whether
// there is one. A file system that knows none has none.
func copyAccessList(f *os.File, from, list string) (bool, error) {
	size, err := unix.Getxattr(from, list, nil)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	data := make([]byte, size)
	if size, err = unix.Getxattr(from, list, data); err != nil {
		return false, err
	}
	return true, unix.Fsetxattr(int(f.Fd()), aclOfFile, data[:size], 0)
}
