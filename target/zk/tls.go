package zk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// secured returns a configuration with what always holds: TLS 1.2 at least.
func secured(config *tls.Config) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return config
}

// handshake begins TLS on a fresh connection to host, which is verified by the name
// that it was configured with.
func handshake(ctx context.Context, conn net.Conn, config *tls.Config, host string) (net.Conn, error) {
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = nameOf(host)
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, distrust(err, config.ServerName)
	}
	return secure, nil
}

// nameOf returns the name or address of host:port that certificates are made for.
func nameOf(host string) string {
	name, _, _ := net.SplitHostPort(host)
	name, _, _ = strings.Cut(name, "%")
	return name
}

// distrust gives the words for a handshake that failed because of the server's
// certificate. Other errors are returned as they are.
func distrust(err error, name string) error {
	var failed *tls.CertificateVerificationError
	if !errors.As(err, &failed) || len(failed.UnverifiedCertificates) == 0 {
		return err
	}
	cert := failed.UnverifiedCertificates[0]
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return &refusal{
			fmt.Sprintf("its certificate is not valid before %s", invalid.Cert.NotBefore.UTC().Format(time.DateTime+" MST")),
			"check the clock of this machine; if it is right, the issuer's clock was wrong",
		}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &refusal{
			fmt.Sprintf("its certificate expired on %s", invalid.Cert.NotAfter.UTC().Format(time.DateTime+" MST")),
			"have the server's certificate renewed, and check the clock of this machine",
		}
	case errors.As(err, &wrongName):
		return &refusal{
			fmt.Sprintf("its certificate is for %s, and not for %s", namesOf(cert), plan.Printable(name)),
			"use the name in the certificate for the target, or set the expected name with --tls-server-name NAME or tls: {server_name: NAME} in the environment",
		}
	case errors.As(err, &unknown) && selfSigned(cert):
		return &refusal{
			fmt.Sprintf("its certificate is self-signed and not trusted here (SHA-256 %s)", fingerprint(cert)),
			"compare the fingerprint with the one of the server; if they are equal, give the certificate with --tls-ca FILE or tls: {ca: FILE} in the environment",
		}
	case errors.As(err, &unknown):
		return &refusal{
			fmt.Sprintf("its certificate is issued by %s, which is not trusted here", plan.Quote(cert.Issuer.String())),
			"give that authority's certificate with --tls-ca FILE, or tls: {ca: FILE} in the environment",
		}
	}
	return &refusal{"its certificate can't be verified: " + plan.Printable(failed.Err.Error()), "have the server's certificate corrected"}
}

func selfSigned(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawIssuer, cert.RawSubject) &&
		cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
}

func fingerprint(cert *x509.Certificate) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(cert.Raw)), " ", ":")
}

// namesOf returns the servers that a certificate is for. Its common name has not
// counted for long.
func namesOf(cert *x509.Certificate) string {
	names := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no server's name"
	}
	return plan.ListNames(names)
}

// alerted makes clear which side said what an error of TLS says.
func alerted(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return err
	}
	return &alert{strings.TrimPrefix(op.Err.Error(), "tls: ")}
}

// alert is what a server said before it ended TLS.
type alert struct{ text string }

func (a *alert) Error() string { return "it ended TLS: " + a.text }

// understand finds out why a server that could be connected to gave no session: it
// may speak TLS where we don't, or the reverse. Both sides see nothing then but an
// end of the connection.
func (t *Target) understand(ctx context.Context, host string, err error) error {
	err = alerted(err)
	var known *refusal
	var header tls.RecordHeaderError
	var said *alert
	isRefusal := errors.As(err, &known)
	understood := err
	switch {
	case t.opts.TLS == nil && (hungUp(err) || errors.Is(err, errNotZooKeeper)):
		if t.hosts.first(host) && speaksTLS(ctx, host) {
			understood = &refusal{
				"it uses TLS, but the target does not",
				"write zks://… instead of zk://…; for a private authority add --tls-ca FILE or tls: {ca: FILE} in the environment",
			}
		}
	case isRefusal:
	case errors.As(err, &said):
		understood = t.refused(said)
	case errors.As(err, &header) || hungUp(err):
		switch {
		case t.hosts.first(host) && speaksPlain(ctx, host):
			understood = &refusal{
				"this port does not use TLS",
				"use the server's port for TLS (its secureClientPort), or connect without TLS: zk://… and no --tls flags or tls: in the environment",
			}
		case errors.As(err, &header):
			understood = &refusal{"the service at this address does not use TLS", "check that the port is the server's secureClientPort"}
		}
	}
	t.hosts.failed(host, understood)
	return understood
}

// refused gives the words for a server that ended TLS: mostly because of our
// certificate.
func (t *Target) refused(a *alert) error {
	subject := t.certified()
	switch {
	case !strings.Contains(a.text, "certificate") && !strings.Contains(a.text, "handshake failure") && !strings.Contains(a.text, "unknown"):
		return &refusal{a.Error(), "see the server's log (confo-sync offers TLS 1.2 and 1.3)"}
	case subject == "":
		return &refusal{
			fmt.Sprintf("it requires a client certificate, and none was given (%s)", a.text),
			"give one with --tls-cert FILE and --tls-key FILE, or tls: {cert: FILE, key: FILE} in the environment",
		}
	default:
		return &refusal{
			fmt.Sprintf("it refuses the client certificate %s (%s)", plan.Quote(subject), a.text),
			"add the authority that issued it to the server's ssl.trustStore, and see the server's log",
		}
	}
}

// probing is how long a server may take to show what it speaks.
const probing = 2 * time.Second

// probe connects to a server, which then has its time to answer.
func probe(ctx context.Context, host string) (net.Conn, error) {
	deadline := time.Now().Add(probing)
	conn, err := (&net.Dialer{Deadline: deadline}).DialContext(ctx, "tcp", host)
	if err == nil {
		conn.SetDeadline(deadline)
	}
	return conn, err
}

// speaksTLS reports whether a server answers TLS in TLS, if only to refuse it.
func speaksTLS(ctx context.Context, host string) bool {
	conn, err := probe(ctx, host)
	if err != nil {
		return false
	}
	defer conn.Close()
	// Nothing is said to the server, so it doesn't matter who it is.
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: nameOf(host)}).HandshakeContext(ctx)
	var op *net.OpError
	return err == nil || errors.As(err, &op) && op.Op == "remote error"
}

// speaksPlain reports whether a server answers one of ZooKeeper's four-letter
// commands, if only to say that it is switched off.
func speaksPlain(ctx context.Context, host string) bool {
	conn, err := probe(ctx, host)
	if err != nil {
		return false
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "srvr"); err != nil {
		return false
	}
	answer, _ := io.ReadAll(io.LimitReader(conn, 4096))
	return bytes.Contains(answer, []byte("Zookeeper version")) || bytes.Contains(answer, []byte("is not executed because")) ||
		bytes.Contains(answer, []byte("not currently serving requests"))
}
