package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestServers runs the stories about servers that are set up in another way than usual:
// $LARGE takes requests of 4 MiB, and $GUARDED answers nobody
// who has not authenticated with a digest.
func TestServers(t *testing.T) {
	large := zktest.Start(t, zktest.Config{Java: []string{"-Djute.maxbuffer=4194304"}})
	guarded := zktest.Start(t, zktest.Config{Java: []string{
		"-Dzookeeper.enforce.auth.enabled=true", "-Dzookeeper.enforce.auth.schemes=digest",
	}})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/servers", Cmds: commands(zktest.Client(t, large.Addr)),
		Setup: func(e *testscript.Env) error {
			e.Setenv("LARGE", "zk://"+large.Addr)
			e.Setenv("GUARDED", "zk://"+guarded.Addr)
			return setup(e)
		},
	})
}
