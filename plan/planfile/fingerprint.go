// Package planfile keeps what was approved: the fingerprint of a plan, and the
// file that a plan is saved in until it is applied.
//
// Neither holds what a configuration holds, but for what reports show. A guess at
// a password can be tried on a fingerprint only at the cost of scrypt.
package planfile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"

	"golang.org/x/crypto/scrypt"

	"github.com/confo-sync/confo-sync/plan"
)

// Fingerprint names exactly what applying a plan would do, and when it was made.
// The same plan has another one each time it is made; Matches tells whether a
// plan is the one that was approved.
type Fingerprint struct {
	made time.Time // in seconds
	salt [saltSize]byte
	sum  [sumSize]byte
}

const (
	saltSize = 8
	sumSize  = 16
	timeSize = 4
)

// prefix is that of all fingerprints that are made in this way.
const prefix = "p1-"

var text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Work is what a fingerprint is of.
type Work struct {
	Target  string
	Options plan.Options
	Changes []plan.Change
	// Access is that of the plan. What the lists are to be, the options say.
	Access []plan.Change
}

// Of returns a plan's fingerprint.
func Of(w Work) Fingerprint {
	f := Fingerprint{made: time.Now().UTC().Truncate(time.Second)}
	rand.Read(f.salt[:])
	f.sum = f.of(w)
	return f
}

// Matches reports whether a plan is the one that has the fingerprint.
func (f Fingerprint) Matches(w Work) bool { return f.of(w) == f.sum }

// Made returns when the plan was made.
func (f Fingerprint) Made() time.Time { return f.made }

// String returns the fingerprint as it is shown.
func (f Fingerprint) String() string {
	b := binary.BigEndian.AppendUint32(nil, uint32(f.made.Unix()))
	b = append(append(b, f.salt[:]...), f.sum[:]...)
	return prefix + text.EncodeToString(b)
}

// Parse reads a fingerprint.
func Parse(s string) (Fingerprint, error) {
	var f Fingerprint
	encoded, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(s)), prefix)
	if !ok {
		return f, errors.New("it does not begin with " + prefix)
	}
	b, err := text.DecodeString(encoded)
	if err != nil || len(b) != timeSize+saltSize+sumSize {
		return f, fmt.Errorf("it does not have the %d characters of a fingerprint", len(f.String()))
	}
	f.made = time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
	copy(f.salt[:], b[timeSize:])
	copy(f.sum[:], b[timeSize+saltSize:])
	return f, nil
}

// of returns the sum of a plan with the time and salt of f. A plan without
// changes says nothing that could be guessed at.
func (f Fingerprint) of(w Work) [sumSize]byte {
	d := newDigest("plan")
	d.number(uint64(f.made.Unix()))
	d.text(w.Target)
	d.number(uint64(w.Options.Prune))
	d.texts(w.Options.Selection.Namespaces)
	d.texts(w.Options.Selection.Exclude)
	if len(w.Options.Only) > 0 {
		d.text("only")
		for _, p := range w.Options.Only {
			d.text(p.String())
		}
	}
	for i := range w.Changes {
		c := &w.Changes[i]
		d.key(c.Key)
		d.number(uint64(c.Action))
		if c.Recorded { // as it is recorded, whoever plans
			d.texts(w.Options.Recorded.Lists[c.Key])
		}
		if c.Core != nil {
			// What applications write meanwhile makes it no other plan.
			d.bytes(c.Core.Before.Reveal())
			d.bytes(c.Core.After.Reveal())
			continue
		}
		d.bytes(c.Revision[:])
		d.bytes(c.After.Reveal())
	}
	if r := w.Options.Recorded; r != nil {
		d.texts(r.Lists[plan.Key{}])
	}
	for _, r := range w.Options.Access {
		// Who plans need not know the passwords that are referred to.
		d.text(r.Pattern.String())
		d.texts(r.Text)
	}
	for _, c := range w.Access {
		if c.Recorded {
			continue // it depends on who applies it
		}
		d.key(c.Key)
		d.number(uint64(c.Old.Version))
		if c.Position == (plan.Position{}) { // it is not declared
			d.texts(c.New.Access)
		}
	}
	sum := d.Sum(f.salt[:])
	if len(w.Changes)+len(w.Access) > 0 {
		return stretched(sum, f.salt[:])
	}
	plain := sha256.Sum256(sum)
	return [sumSize]byte(plain[:sumSize])
}

// Cost makes trying a guess cost what a login does: about 50 ms and 16 MiB, which
// every plan that has changes pays too. It belongs to the form of fingerprints;
// only tests, which make many, lower it.
var Cost = 1 << 14

func stretched(sum, salt []byte) [sumSize]byte {
	key, err := scrypt.Key(sum, salt, Cost, 8, 1, sumSize)
	if err != nil {
		panic(err) // only for parameters that can't be
	}
	return [sumSize]byte(key)
}

// digest hashes a sequence of things so that no other sequence has the same
// bytes.
type digest struct{ hash.Hash }

func newDigest(what string) digest {
	d := digest{sha256.New()}
	d.text("confo-sync " + what)
	return d
}

func (d digest) number(n uint64) { d.Write(binary.BigEndian.AppendUint64(nil, n)) }

func (d digest) bytes(b []byte) {
	d.number(uint64(len(b)))
	d.Write(b)
}

func (d digest) text(s string) { d.bytes([]byte(s)) }

func (d digest) texts(all []string) {
	d.number(uint64(len(all)))
	for _, s := range all {
		d.text(s)
	}
}

func (d digest) key(k plan.Key) {
	d.text(k.Namespace)
	d.text(k.Config)
}
