package zk

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// probeAll asks each server by itself, all at the same time, and returns a session
// with the first that gave one.
func (t *Target) probeAll(ctx context.Context, status *target.Status) *wire {
	status.Servers = make([]target.Server, len(t.url.Hosts))
	sessions := make([]*wire, len(t.url.Hosts))
	var all sync.WaitGroup
	for i, host := range t.url.Hosts {
		all.Go(func() {
			var err error
			if status.Servers[i], sessions[i], err = t.probe(ctx, host); err != nil {
				t.hosts.failed(host, err)
			}
		})
	}
	all.Wait()
	var first *wire
	for _, w := range sessions {
		switch {
		case w == nil:
		case first == nil:
			first = w
		default:
			w.close()
		}
	}
	status.Warnings = append(status.Warnings, ensembleWarnings(status.Servers)...)
	return first
}

// probe asks one server: for a session, and how it is. The error is why it gave none.
func (t *Target) probe(ctx context.Context, host string) (target.Server, *wire, error) {
	alone := &Target{url: t.url, opts: t.opts, hosts: newHosts([]string{host})}
	server := target.Server{Address: host}
	w, err := alone.greet(ctx, host, time.Now().Add(t.opts.Timeout))
	if err != nil {
		if said := alone.hosts.said[host]; said != nil {
			err = said
		}
		server.Why = reason(err)
		if !hungUp(err) {
			return server, nil, err
		}
		// One that hangs up may still tell how it is.
	}
	server.Session = err == nil
	answer, unanswered := alone.fourLetters(ctx, host, "srvr")
	server.Mode, server.Version, server.Note = readSrvr(answer, unanswered)
	return server, w, err
}

// fourLettersWithin is how long a server may take to tell how it is.
const fourLettersWithin = 5 * time.Second

// fourLetters sends one of the commands that servers take in place of a session.
func (t *Target) fourLetters(ctx context.Context, host, command string) (string, error) {
	deadline := time.Now().Add(min(fourLettersWithin, t.opts.Timeout))
	conn, err := (&dialer{hosts: t.hosts, tls: t.opts.TLS}).dial(ctx, host, deadline)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	plain := conn.Conn // what comes is no greeting
	if err := plain.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := plain.Write([]byte(command)); err != nil {
		return "", err
	}
	const most = 64 << 10
	var answer []byte
	for buffer := make([]byte, 4096); len(answer) < most; {
		n, err := plain.Read(buffer)
		answer = append(answer, buffer[:n]...)
		if err != nil {
			break // some servers close it, some reset it
		}
	}
	return string(answer), nil
}

// readSrvr takes apart what a server says to srvr.
func readSrvr(answer string, err error) (mode, version, note string) {
	for line := range strings.Lines(answer) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "Mode":
			mode = value
		case "Zookeeper version":
			version = value
			if end := strings.IndexAny(value, "-,"); end > 0 {
				version = value[:end]
			}
		}
	}
	switch {
	case mode != "" && version != "":
	case err != nil:
		note = reason(err)
	case strings.Contains(answer, "not in the whitelist"):
		note = "the srvr command is not allowed there"
	case strings.Contains(answer, "not currently serving requests"):
		note = "it does not serve requests: its ensemble has no quorum, or it is starting"
	case answer == "":
		note = "no answer to srvr"
	default:
		note = "unknown answer to srvr"
	}
	return mode, version, note
}

// ensembleWarnings says what is wrong with servers taken together.
func ensembleWarnings(servers []target.Server) []plan.Finding {
	var down, standalone []string
	for _, s := range servers {
		if !s.Session {
			down = append(down, s.Address)
		}
		if s.Mode == "standalone" {
			standalone = append(standalone, s.Address)
		}
	}
	var found []plan.Finding
	if len(down) > 0 && len(down) < len(servers) {
		found = append(found, plan.Finding{
			Message: fmt.Sprintf("%d of %d servers can't be used: %s", len(down), len(servers), plan.ListNames(down)),
			Hint:    "see the reasons above; the other servers work",
		})
	}
	if len(servers) > 1 && len(standalone) > 0 {
		found = append(found, plan.Finding{
			Message: fmt.Sprintf("%s is a standalone server, not part of an ensemble with the others", plan.Both(standalone)),
			Hint:    "name only servers of one ensemble: the others do not get the data that is written to it",
		})
	}
	return found
}

// tlsOf says how a session is encrypted.
func tlsOf(w *wire) *target.TLS {
	greeted, ok := w.conn.(*greeted)
	if !ok {
		return &target.TLS{}
	}
	conn, ok := greeted.Conn.(*tls.Conn)
	if !ok {
		return &target.TLS{}
	}
	state := conn.ConnectionState()
	found := &target.TLS{Used: true, Version: tls.VersionName(state.Version)}
	if len(state.PeerCertificates) > 0 {
		c := state.PeerCertificates[0]
		if found.Peer = c.Subject.CommonName; found.Peer == "" {
			found.Peer = plan.ListNames(c.DNSNames)
		}
	}
	return found
}
