package main

import (
	"testing"

	"github.com/go-zookeeper/zk"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// TestTLS runs the stories about TLS on real servers: $MUTUAL takes only who has a
// certificate of the authority $CERTS/ca.pem, $SELF has issued its certificate
// itself, that of $EXPIRED has expired, and $PLAIN is $MUTUAL's port without TLS.
func TestTLS(t *testing.T) {
	certs := t.TempDir()
	ca, other := zktest.NewAuthority(t, certs, "ca"), zktest.NewAuthority(t, certs, "other")
	ca.Issue(t, "me", false)
	ca.Issue(t, "you", false)
	ca.Issue(t, "old", true)
	other.Issue(t, "stranger", false)
	plain, mutual := zktest.StartTLS(t, ca.Issue(t, "server", false), ca)
	_, self := zktest.StartTLS(t, zktest.SelfSigned(t, certs, "self"), nil)
	_, expired := zktest.StartTLS(t, ca.Issue(t, "expired", true), nil)
	client := zktest.Client(t, plain.Addr)
	own := commands(client)
	// closed PATH SUBJECT lets only who has that certificate in.
	own["closed"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ensure(ts, client, args[0])
		_, err := client.SetACL(args[0], []zk.ACL{{Scheme: "x509", ID: args[1], Perms: zk.PermAll}}, -1)
		ts.Check(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/tls", Cmds: own,
		Setup: func(e *testscript.Env) error {
			for name, value := range map[string]string{
				"CERTS": certs, "MUTUAL": mutual, "SELF": self, "EXPIRED": expired, "PLAIN": plain.Addr, "ROOT": "/confo",
			} {
				e.Setenv(name, value)
			}
			return setup(e)
		},
	})
}
