package zk_test

import (
	"context"
	"crypto/tls"
	"os"
	"strings"
	"testing"
	"time"

	gozk "github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// by has a target connect by TLS.
func by(t *testing.T, files zk.TLSFiles) func(*zk.Options) {
	t.Helper()
	config, err := files.Load(os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *zk.Options) { o.TLS, o.Timeout = config, time.Minute }
}

// TestTLS reads and writes through TLS, the bulk reader as well as the session,
// against the server's configured name; with a certificate for who we are, as the
// identity that it makes.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, other := zktest.NewAuthority(t, dir, "ca"), zktest.NewAuthority(t, dir, "other")
	server, me, you, stranger := ca.Issue(t, "server", false), ca.Issue(t, "me", false), ca.Issue(t, "you", false), other.Issue(t, "stranger", false)
	plain, secure := zktest.StartTLS(t, server, ca)
	mine := zk.TLSFiles{CA: ca.CA, Cert: me.Cert, Key: me.Key}

	mutual := open(t, "zk://"+secure, by(t, mine))
	if got := mutual.String(); !strings.HasPrefix(got, "zks://localhost:") {
		t.Errorf("the target is called %s", got)
	}
	if err := write(t.Context(), mutual, create("a", "", ""), create("a", "b", `{"over": "TLS"}`)); err != nil {
		t.Fatal(err)
	}
	// From here, only who has the certificate may.
	client := zktest.Client(t, plain.Addr)
	for _, path := range []string{"/confo/a/b", "/confo/a", "/confo"} {
		if _, err := client.SetACL(path, []gozk.ACL{{Scheme: "x509", ID: "CN=me", Perms: gozk.PermAll}}, -1); err != nil {
			t.Fatal(err)
		}
	}
	s := snapshot(t, mutual)
	if s.Configs() != 1 || !s.Namespaces[0].Configs[0].Value.Equal(plan.NewValue([]byte(`{"over": "TLS"}`))) {
		t.Error("it is not what was written")
	}
	if err := write(t.Context(), mutual, create("a", "c", `{}`)); err != nil {
		t.Error(err)
	}
	if list, _, err := client.GetACL("/confo/a/c"); err == nil {
		t.Errorf("what was made under a closed znode is open: %v", list)
	}

	changed := func(change func(*zk.TLSFiles)) zk.TLSFiles {
		f := mine
		change(&f)
		return f
	}
	for name, c := range map[string]struct {
		files zk.TLSFiles
		words string
	}{
		"another identity":        {zk.TLSFiles{CA: ca.CA, Cert: you.Cert, Key: you.Key}, `wrong or missing credentials for /confo (offered: certificate "CN=you")`},
		"an unknown authority":    {changed(func(f *zk.TLSFiles) { f.CA = "" }), `its certificate is issued by "CN=ca", which is not trusted here`},
		"another name":            {changed(func(f *zk.TLSFiles) { f.ServerName = "elsewhere" }), "its certificate is for localhost, and not for elsewhere"},
		"no certificate":          {zk.TLSFiles{CA: ca.CA}, "it requires a client certificate, and none was given"},
		"a stranger's":            {changed(func(f *zk.TLSFiles) { f.Cert, f.Key = stranger.Cert, stranger.Key }), `it refuses the client certificate "CN=stranger"`},
		"no verification, no one": {zk.TLSFiles{Insecure: true}, "it requires a client certificate"},
	} {
		refused := open(t, "zk://"+secure, by(t, c.files))
		// What is known is said at once, and not tried until the time is over.
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		_, err := refused.Snapshot(ctx, target.ReadOptions{})
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	insecure := open(t, "zk://"+secure, by(t, changed(func(f *zk.TLSFiles) { f.CA, f.Insecure = "", true })))
	snapshot(t, insecure)

	for url, words := range map[string]string{
		"zk://" + secure:      "it uses TLS, but the target does not",
		"zks://" + plain.Addr: "this port does not use TLS",
	} {
		_, err := open(t, url).Snapshot(t.Context(), target.ReadOptions{})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestTLSCertificates: each thing that may be wrong with a server's certificate has
// words of its own.
func TestTLSCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := zktest.NewAuthority(t, dir, "ca")
	self := zktest.SelfSigned(t, dir, "self")
	_, expired := zktest.StartTLS(t, ca.Issue(t, "old", true), nil)
	_, alone := zktest.StartTLS(t, self, nil)
	for _, c := range []struct {
		addr  string
		files zk.TLSFiles
		words string
	}{
		{expired, zk.TLSFiles{CA: ca.CA}, "its certificate expired on "},
		{alone, zk.TLSFiles{CA: ca.CA}, "its certificate is self-signed and not trusted here (SHA-256 "},
	} {
		_, err := open(t, "zks://"+c.addr, by(t, c.files)).Snapshot(t.Context(), target.ReadOptions{})
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", c.words, err)
		}
	}
	trusted := open(t, "zks://"+alone, by(t, zk.TLSFiles{CA: self.Cert}))
	if err := write(t.Context(), trusted, create("a", "", ""), create("a", "b", `{}`)); err != nil {
		t.Error(err)
	}
}

// TestOldTLS: nothing older than TLS 1.2 is spoken, whatever the options say.
func TestOldTLS(t *testing.T) {
	t.Parallel()
	ca := zktest.NewAuthority(t, t.TempDir(), "ca")
	own := ca.Issue(t, "server", false)
	pair, err := tls.LoadX509KeyPair(own.Cert, own.Key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				conn.(*tls.Conn).Handshake()
				conn.Close()
			}()
		}
	}()
	_, err = open(t, "zks://"+l.Addr().String(), func(o *zk.Options) {
		o.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	}).Snapshot(t.Context(), target.ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), "it ended TLS: protocol version not supported") {
		t.Error(err)
	}
}
