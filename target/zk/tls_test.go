package zk_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// certificate makes a certificate for localhost, and the file in which a server
// finds it.
func certificate(t *testing.T) (roots *x509.CertPool, store string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	dir := t.TempDir()
	store = filepath.Join(dir, "server.p12")
	if err := os.WriteFile(filepath.Join(dir, "server.pem"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "pkcs12", "-export", "-in", filepath.Join(dir, "server.pem"), "-out", store, "-passout", "pass:secret").CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(both)
	return roots, store
}

// TestTLS reads and writes through TLS, the bulk reader as well as the session,
// against the server's configured name.
func TestTLS(t *testing.T) {
	t.Parallel()
	roots, store := certificate(t)
	addr, err := zktest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	port := addr[len("127.0.0.1:"):]
	zktest.Start(t, zktest.Config{
		Lines: []string{
			"secureClientPort=" + port, "secureClientPortAddress=127.0.0.1",
			"serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
			"ssl.keyStore.location=" + store, "ssl.keyStore.password=secret", "ssl.keyStore.type=PKCS12", "ssl.clientAuth=none",
		},
		ClassPath: []string{
			"/usr/share/java/netty-codec.jar", "/usr/share/java/netty-resolver.jar",
			"/usr/share/java/netty-transport-native-unix-common.jar", "/usr/share/java/slf4j-nop.jar",
		},
	})
	secure := open(t, "zk://localhost:"+port, func(o *zk.Options) { o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} })
	if err := write(t.Context(), secure, create("a", "", ""), create("a", "b", `{"over": "TLS"}`)); err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, secure)
	if s.Configs() != 1 || !s.Namespaces[0].Configs[0].Value.Equal(plan.NewValue([]byte(`{"over": "TLS"}`))) {
		t.Error("it is not what was written")
	}
	for name, config := range map[string]*tls.Config{
		"a stranger's certificate": {},
		"another name":             {RootCAs: roots, ServerName: "elsewhere"},
	} {
		wrong := open(t, "zk://localhost:"+port, func(o *zk.Options) { o.TLS = config; o.Timeout = 2 * time.Second })
		if _, err := wrong.Snapshot(t.Context(), target.ReadOptions{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
