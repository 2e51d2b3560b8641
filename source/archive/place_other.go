//go:build !unix

package archive

import "os"

// lockDraft does nothing. On these systems a lock would prevent its own process from
// writing, and an open file can't be renamed.
func lockDraft(string) (unlock func(), err error) { return func() {}, nil }

func isFree(path string) bool { return os.Rename(path, path) == nil }
