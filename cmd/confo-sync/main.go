// Command confo-sync keeps Confo configurations in ZooKeeper, or in a folder of
// JSON files, as a tree of YAML says.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
