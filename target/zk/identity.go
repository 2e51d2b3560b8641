package zk

import (
	"cmp"
	"context"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
)

// Credentials are a digest user and password.
type Credentials struct {
	User     string
	password string
}

// NewCredentials returns the credentials of a user.
func NewCredentials(user, password string) Credentials { return Credentials{user, password} }

// String names the user, never the password.
func (c Credentials) String() string { return c.who() }

// LogValue names the user, never the password.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.who()) }

// GoString names the user, never the password.
func (c Credentials) GoString() string { return c.who() }

func (c Credentials) who() string {
	if c.User == "" {
		return "none"
	}
	return "digest user " + plan.Quote(c.User)
}

func (c Credentials) auth() []byte { return []byte(c.User + ":" + c.password) }

// id is what access lists call the user.
func (c Credentials) id() string { return zk.DigestACL(0, c.User, c.password)[0].ID }

// identified reports whether every server knows us as somebody. What a client
// certificate makes of us depends on the server.
func (t *Target) identified() bool { return len(t.opts.Credentials) > 0 }

// digest returns what access lists call one of our own users. Of a user with two
// passwords it can't be told which is meant.
func (t *Target) digest(user string) (id string, ok bool) {
	for _, c := range t.opts.Credentials {
		switch {
		case c.User != user:
		case ok && c.id() != id:
			return "", false
		default:
			id, ok = c.id(), true
		}
	}
	return id, ok
}

// certified returns the subject of our client certificate, as access lists have it,
// or nothing.
func (t *Target) certified() string {
	if t.opts.TLS == nil || len(t.opts.TLS.Certificates) == 0 || t.opts.TLS.Certificates[0].Leaf == nil {
		return ""
	}
	leaf := t.opts.TLS.Certificates[0].Leaf
	var subject pkix.RDNSequence // in the certificate's order, which the server keeps
	if _, err := asn1.Unmarshal(leaf.RawSubject, &subject); err != nil {
		return leaf.Subject.String()
	}
	return subject.String()
}

// identities names those that servers are told of.
func (t *Target) identities() (all []string) {
	for _, c := range t.opts.Credentials {
		all = append(all, c.who())
	}
	if subject := t.certified(); subject != "" {
		all = append(all, "certificate "+plan.Quote(subject))
	}
	return all
}

// offered names the identities that servers are told of, within a sentence.
func (t *Target) offered() string {
	return cmp.Or(plan.ListNames(t.identities()), "none")
}

// lets returns who is let in by a znode's access list and to what, or nothing if we
// may not see it. It asks with a session of its own, as it is asked in the middle of
// others' failures.
func (t *Target) lets(path string) string {
	t.lists.Lock()
	defer t.lists.Unlock()
	if text, ok := t.lists.known[path]; ok {
		return text
	}
	text := ""
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	deadline, _ := ctx.Deadline()
	if w, err := t.greet(ctx, t.hosts.current(), deadline); err == nil {
		done := w.interruptible(ctx)
		get := func(int) request { return request{parent: path, access: true} }
		err := w.fetch(1, get, func(_ int, a *answer) error {
			if a.code == 0 {
				text = accessText(a.access)
			}
			return nil
		})
		if done(); err == nil {
			w.close()
		} else {
			w.conn.Close()
		}
	}
	if t.lists.known == nil {
		t.lists.known = map[string]string{}
	}
	t.lists.known[path] = text
	return text
}

// accessText writes an access list without the hashes in it.
func accessText(list plan.Access) string {
	entries := make([]string, len(list))
	for i, entry := range list {
		at := strings.LastIndexByte(entry, ':')
		who, rights := entry[:at], entry[at+1:]
		if user, ok := strings.CutPrefix(who, "digest:"); ok {
			user, _, _ = strings.Cut(user, ":")
			who = "digest:" + user
		}
		entries[i] = fmt.Sprintf("%s (%s)", plan.Printable(who), rights)
	}
	return plan.ListNames(entries)
}

// Who returns whom access lists have to name for them to be about this client, beside
// world:anyone, as far as that is known here: of addresses it is not, and what a
// certificate makes of it depends on the server.
func (t *Target) Who() []string {
	var who []string
	for _, c := range t.opts.Credentials {
		if id := "digest:" + c.id(); !slices.Contains(who, id) {
			who = append(who, id)
		}
	}
	if subject := t.certified(); subject != "" {
		who = append(who, "x509:"+subject)
	}
	return who
}

// AsSeen returns who this client is to the server, which is asked for it: the one that was
// read from last. That it does not tell is no error.
func (t *Target) AsSeen(ctx context.Context) (plan.Who, error) {
	t.mu.Lock()
	host := t.hosts.current()
	if t.idle != nil {
		host = t.idle.host
	}
	t.mu.Unlock()
	seen := t.whoAmI(ctx, host)
	if ctx.Err() != nil {
		return plan.Who{}, context.Cause(ctx)
	}
	return t.seenAs(seen), nil
}

// seenAs returns who this client is to a server that sees these, or that does not tell.
func (t *Target) seenAs(seen []identity) plan.Who {
	if seen == nil {
		return plan.Who{IDs: t.Who()}
	}
	who := plan.Who{Told: true}
	for _, c := range t.opts.Credentials {
		who.IDs = append(who.IDs, "digest:"+c.id())
	}
	for _, id := range seen {
		switch id.scheme {
		case "super":
			who.Super = true
		case "digest": // the user's name alone
		default:
			who.IDs = append(who.IDs, id.scheme+":"+id.id)
		}
	}
	return who
}

// DigestOf returns a user of the credentials as access lists name one, or nothing.
func (t *Target) DigestOf(user string) string {
	id, _ := t.digest(user)
	return id
}

// DigestID returns a user as access lists name one: with the hash of the password.
func DigestID(user, password string) string { return NewCredentials(user, password).id() }
