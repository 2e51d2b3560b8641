//go:build !unix

package within

import "io/fs"

type identity struct{}

func identify(fs.FileInfo) (identity, uint64, bool) { return identity{}, 0, false }

// nonblock is 0 on systems without this flag.
const nonblock = 0

// SyncFolder does nothing on systems that can't sync folders.
func SyncFolder(string) error { return nil }
