//go:build unix

package main

import "golang.org/x/sys/unix"

// noCoreFile keeps the system from writing what is in memory, passwords too, to a file
// when the program crashes. Where it can't be had, it is done without.
func noCoreFile() { unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
