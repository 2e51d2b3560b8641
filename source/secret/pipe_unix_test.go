//go:build unix

package secret

import "syscall"

var makePipe = syscall.Mkfifo
