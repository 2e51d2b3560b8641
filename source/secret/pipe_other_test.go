//go:build !unix

package secret

import "os"

// makePipe makes a folder: that is no file either.
func makePipe(path string, mode uint32) error { return os.Mkdir(path, os.FileMode(mode)) }
