package main

import (
	"os"
	"os/signal"
	"syscall"
)

// failWrites makes a write to a pipe that nobody reads an error from now on, rather
// than the end of the program: what is being applied goes on, and can be told about.
func failWrites() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
