package zk

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// TLSFiles say how to connect by TLS. The zero TLSFiles trust the authorities of the
// system.
type TLSFiles struct {
	CA         string // PEM file with the authorities to trust, in place of the system's
	Cert, Key  string // PEM files with who we are
	ServerName string // to expect in certificates, in place of the hosts of the target
	Insecure   bool   // verify nothing
}

// Load reads the files with read, which decides what may be read.
func (f TLSFiles) Load(read func(path string) ([]byte, error)) (*tls.Config, error) {
	config := &tls.Config{ServerName: f.ServerName, InsecureSkipVerify: f.Insecure}
	if f.CA != "" {
		data, err := read(f.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authorities for TLS: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, target.WithHint(fmt.Errorf("%s has no certificate in PEM format", plan.Printable(f.CA)), hintPEM)
		}
	}
	switch {
	case f.Cert == "" && f.Key == "":
		return config, nil
	case f.Key == "":
		return nil, target.WithHint(fmt.Errorf("the client certificate %s is given without its key", plan.Printable(f.Cert)), "give --tls-key FILE, or tls: {key: FILE}")
	case f.Cert == "":
		return nil, target.WithHint(fmt.Errorf("the key %s is given without its certificate", plan.Printable(f.Key)), "give --tls-cert FILE, or tls: {cert: FILE}")
	}
	pair, err := f.pair(read)
	if err != nil {
		return nil, err
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return nil, target.WithHint(fmt.Errorf("the client certificate %s expired on %s", plan.Printable(f.Cert), pair.Leaf.NotAfter.UTC().Format(time.DateTime+" MST")),
			"renew it, and check the clock of this machine")
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

const hintPEM = "give a text file with -----BEGIN CERTIFICATE-----; to extract it from a keystore, run openssl pkcs12 -nokeys"

// pair reads a certificate and its key. Its errors hold nothing of them.
func (f TLSFiles) pair(read func(path string) ([]byte, error)) (tls.Certificate, error) {
	cert, err := read(f.Cert)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the client certificate: %w", err)
	}
	key, err := read(f.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the client certificate's key: %w", err)
	}
	if encrypted(key) {
		return tls.Certificate{}, target.WithHint(fmt.Errorf("the key %s is encrypted with a passphrase", plan.Printable(f.Key)),
			"decrypt it into a file that only you can read: openssl pkey -in KEY -out FILE")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, target.WithHint(fmt.Errorf("the client certificate %s and the key %s can't be used: %s", plan.Printable(f.Cert), plan.Printable(f.Key), strings.TrimPrefix(err.Error(), "tls: ")),
			"check that both are PEM files, and that the key belongs to the certificate")
	}
	if pair.Leaf == nil {
		return pair, errors.New("the client certificate can't be read")
	}
	return pair, nil
}

func encrypted(key []byte) bool {
	block, _ := pem.Decode(key)
	return block != nil && (block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"))
}
