//go:build !unix

package within

import "io/fs"

type identity struct{}

func identify(fs.FileInfo) (identity, uint64, bool) { return identity{}, 0, false }

// nonblock is nothing where files have no such flag.
const nonblock = 0

// SyncFolder does nothing where folders can't be synced.
func SyncFolder(string) error { return nil }
