//go:build !unix

package archive

import "os"

// lockDraft does nothing: a lock would keep its own process from writing, and a file that
// is open can't be renamed.
func lockDraft(string) (unlock func(), err error) { return func() {}, nil }

func isFree(path string) bool { return os.Rename(path, path) == nil }
