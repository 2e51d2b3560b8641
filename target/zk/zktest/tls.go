package zktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Authority issues certificates.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// CA is the PEM file with its certificate.
	CA string
}

// Certificate is a certificate in PEM files.
type Certificate struct {
	Cert, Key string
	both      string // with its key before it, as servers read it
}

// NewAuthority makes an authority, whose files are in dir.
func NewAuthority(t testing.TB, dir, name string) *Authority {
	t.Helper()
	a := &Authority{dir: dir, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.CA = filepath.Join(dir, name+".pem")
	writePEM(t, a.CA, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// Issue makes a certificate for localhost, which has expired if expired is set.
func (a *Authority) Issue(t testing.TB, name string, expired bool) Certificate {
	t.Helper()
	key := newKey(t)
	return make509(t, a.dir, name, expired, key, a.cert, a.key)
}

// SelfSigned makes a certificate for localhost that nobody has issued.
func SelfSigned(t testing.TB, dir, name string) Certificate {
	t.Helper()
	key := newKey(t)
	return make509(t, dir, name, false, key, nil, key)
}

func make509(t testing.TB, dir, name string, expired bool, key *ecdsa.PrivateKey, issuer *x509.Certificate, by *ecdsa.PrivateKey) Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if expired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := Certificate{Cert: filepath.Join(dir, name+".pem"), Key: filepath.Join(dir, name+".key"), both: filepath.Join(dir, name+".both.pem")}
	certBlock, keyBlock := &pem.Block{Type: "CERTIFICATE", Bytes: der}, &pem.Block{Type: "PRIVATE KEY", Bytes: private}
	writePEM(t, c.Cert, certBlock)
	writePEM(t, c.Key, keyBlock)
	writePEM(t, c.both, keyBlock, certBlock)
	return c
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t testing.TB, path string, blocks ...*pem.Block) {
	t.Helper()
	var content []byte
	for _, b := range blocks {
		content = append(content, pem.EncodeToMemory(b)...)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// StartTLS starts a server for one test that has a port for TLS too, whose address
// is secure. With clients it takes only who has a certificate from them.
func StartTLS(t testing.TB, own Certificate, clients *Authority) (s *Server, secure string) {
	t.Helper()
	addr, err := FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(addr)
	lines := []string{
		"secureClientPort=" + port, "secureClientPortAddress=" + host,
		"serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
		"ssl.keyStore.location=" + own.both, "ssl.keyStore.password=", "ssl.keyStore.type=PEM",
	}
	if clients == nil {
		lines = append(lines, "ssl.clientAuth=none")
	} else {
		lines = append(lines, "ssl.clientAuth=need", "ssl.trustStore.location="+clients.CA, "ssl.trustStore.type=PEM",
			"authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider")
	}
	s = Start(t, Config{Lines: lines, ClassPath: []string{
		"/usr/share/java/netty-codec.jar", "/usr/share/java/netty-resolver.jar",
		"/usr/share/java/netty-transport-native-unix-common.jar", "/usr/share/java/slf4j-nop.jar",
	}})
	// The port for TLS opens last.
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			break
		}
	}
	return s, strings.Replace(addr, "127.0.0.1", "localhost", 1)
}
