// Package planfile implements fingerprints of plans, and files of saved plans.
//
// Neither contains the values of a configuration, except those that reports show. A
// fingerprint is protected by scrypt, so that testing guesses of a password against it
// is expensive.
package planfile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/scrypt"

	"github.com/confo-sync/confo-sync/plan"
)

// Fingerprint identifies the exact effect of a plan and the time when it was made. The
// same plan has a different fingerprint each time it is made, because of a random salt.
// Use Matches to find out whether a plan is the approved one.
type Fingerprint struct {
	made time.Time // with a precision of seconds
	salt [saltSize]byte
	sum  [sumSize]byte
}

const (
	saltSize = 8
	sumSize  = 16
	timeSize = 4
)

// prefix is the prefix of all fingerprints of this version.
const prefix = "p1-"

var text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Work holds the inputs of a fingerprint.
type Work struct {
	Target  string
	Options plan.Options
	Changes []plan.Change
	// Access is that of the plan. What the lists are to be, the options say.
	Access []plan.Change
}

// Of returns a fingerprint for a plan, with the current time and a new salt.
func Of(w Work) Fingerprint {
	f := Fingerprint{made: time.Now().UTC().Truncate(time.Second)}
	rand.Read(f.salt[:])
	f.sum = f.of(w)
	return f
}

// Matches reports whether the fingerprint belongs to this plan.
func (f Fingerprint) Matches(w Work) bool { return f.of(w) == f.sum }

// Made returns the time when the plan was made.
func (f Fingerprint) Made() time.Time { return f.made }

// String returns the text form, which Parse reads.
func (f Fingerprint) String() string {
	b := binary.BigEndian.AppendUint32(nil, uint32(f.made.Unix()))
	b = append(append(b, f.salt[:]...), f.sum[:]...)
	return prefix + text.EncodeToString(b)
}

// Parse parses the text form of a fingerprint.
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

// of returns the hash of a plan with the time and the salt of f. A plan without changes
// contains nothing to guess, so it needs no scrypt.
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
		if c.IsExact() {
			d.text(c.Path)
			d.number(uint64(c.New.Mode))
			d.text(c.New.Link)
		}
		d.number(uint64(c.Action))
		if c.Recorded && w.Options.Recorded != nil { // the same for each user
			d.texts(w.Options.Recorded.Lists[c.Key])
		}
		if c.Core != nil {
			// Writes by applications do not change the plan.
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
		// The user who plans may not know the referenced passwords.
		d.text(r.Pattern.String())
		d.texts(r.Text)
	}
	d.exactAccess(w)
	for _, c := range w.Access {
		if c.Recorded {
			continue // it depends on the user who applies the plan
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

// exactAccess adds the ACLs and modes of an exact plan: what each was, and what it becomes
// in the end. Which are set in between depends on who applies the plan.
func (d digest) exactAccess(w Work) {
	if w.Options.Recorded != nil {
		return
	}
	type setting struct{ old, new plan.Meta }
	settings := map[string]*setting{}
	add := func(c *plan.Change) {
		place := c.Place()
		if settings[place] == nil {
			settings[place] = &setting{old: c.Old}
		}
		settings[place].new = c.New
	}
	for i := range w.Changes {
		if c := &w.Changes[i]; c.Recorded && c.Action == plan.Create {
			add(c)
		}
	}
	for i := range w.Access {
		if w.Access[i].Recorded {
			add(&w.Access[i])
		}
	}
	for _, place := range slices.Sorted(maps.Keys(settings)) {
		s := settings[place]
		d.text(place)
		d.number(uint64(s.old.Version))
		d.number(uint64(s.old.Mode))
		d.number(uint64(s.new.Mode))
		d.texts(s.new.Access)
	}
}

// Cost is the scrypt cost of a fingerprint. With the default, each fingerprint of a
// plan with changes takes about 50 ms and 16 MiB. It is a part of the fingerprint
// format: only tests may lower it.
var Cost = 1 << 14

func stretched(sum, salt []byte) [sumSize]byte {
	key, err := scrypt.Key(sum, salt, Cost, 8, 1, sumSize)
	if err != nil {
		panic(err) // only for invalid parameters
	}
	return [sumSize]byte(key)
}

// digest hashes a sequence of values unambiguously.
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
