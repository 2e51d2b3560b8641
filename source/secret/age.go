package secret

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/confo-sync/confo-sync/plan"
)

var errNotAge = &Error{
	"this is not an age file",
	`encrypt the value with "confo-sync encrypt" or "age -a"; if it was an age file, a part is missing or changed`,
}

// Knows makes Age return the text for an armored age file without an identity. It is for
// files that this process has just encrypted.
func (r *Resolver) Knows(armored, text string) {
	r.ring.values.Store(strings.TrimSpace(armored), text)
}

// Age decrypts an age file, which is armored: YAML holds no binary.
func (r *Resolver) Age(armored string) (string, error) {
	armored = strings.TrimSpace(armored)
	if value, ok := r.ring.values.Load(armored); ok {
		return value.(string), nil
	}
	if !strings.HasPrefix(armored, armor.Header) {
		return "", errNotAge
	}
	ids, err := r.ring.load()
	if err != nil {
		return "", err
	}
	value, err := ids.decrypt(armored)
	if err != nil {
		return "", err
	}
	r.ring.values.Store(armored, value)
	return value, nil
}

func (ids *identities) decrypt(armored string) (string, error) {
	if err := ids.some(); err != nil {
		return "", err
	}
	plaintext, err := age.Decrypt(armor.NewReader(strings.NewReader(armored)), ids.all...)
	if err != nil {
		if err := ids.unmatched(err, "confo-sync encrypt", "confo-sync rotate"); err != nil {
			return "", err
		}
		return "", errNotAge
	}
	content, err := io.ReadAll(io.LimitReader(plaintext, limit+1))
	switch {
	case err != nil:
		return "", errNotAge
	case len(content) > limit:
		return "", &Error{"the encrypted text is larger than 16 MiB", "use a smaller value"}
	case !utf8.Valid(content):
		return "", &Error{"the encrypted value is not UTF-8", hintBase64}
	}
	return string(content), nil
}

// some returns an error when there is no identity.
func (ids *identities) some() error {
	if len(ids.all) > 0 {
		return nil
	}
	hint := "name a file with an identity with --age-identity FILE, or set " + IdentityVariable
	if ids.usual != "" {
		hint = fmt.Sprintf("name a file with an identity with --age-identity FILE, set %s, or save the identity as %s", IdentityVariable, plan.Printable(ids.usual))
	}
	return &Error{"no age identity to decrypt it with", ids.also(hint)}
}

// unmatched returns the words for age's error that no identity fits, and nil for
// any other. The commands are those that encrypt, and encrypt again.
func (ids *identities) unmatched(err error, encrypt, again string) error {
	var unmatched *age.NoIdentityMatchError
	switch {
	case !errors.As(err, &unmatched):
		return nil
	case slices.Contains(unmatched.StanzaTypes, "scrypt"):
		return &Error{
			"it is encrypted with a passphrase, which confo-sync can't ask for",
			"encrypt it to recipients: " + encrypt,
		}
	}
	message := fmt.Sprintf("none of the %d identities can decrypt it", len(ids.all))
	if len(ids.all) == 1 {
		message = "the only identity can't decrypt it"
	}
	return &Error{message, ids.also("ask for it to be encrypted to your recipient: " + again)}
}

// DecryptAt opens a binary age file of that size for reading at any place, and
// returns the size of what is in it. When no identity fits, the error is an
// *Error; any other means that the file is damaged, or can't be read. So do the
// errors of reading from it, and what it returns is authentic.
func (r *Resolver) DecryptAt(src io.ReaderAt, size int64) (io.ReaderAt, int64, error) {
	ids, err := r.ring.load()
	if err != nil {
		return nil, 0, err
	}
	if err := ids.some(); err != nil {
		return nil, 0, err
	}
	plaintext, length, err := age.DecryptReaderAt(src, size, ids.all...)
	if err != nil {
		const recipient = "--recipient"
		if err := ids.unmatched(err, recipient, recipient); err != nil {
			return nil, 0, err
		}
		return nil, 0, fmt.Errorf("decrypt: %w", err)
	}
	return plaintext, length, nil
}

// also adds to a hint which files were of no use.
func (ids *identities) also(hint string) string {
	for _, why := range ids.skipped {
		hint += "; " + why
	}
	return hint
}
