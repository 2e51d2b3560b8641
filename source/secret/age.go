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

// Knows makes Age return text for an armored age file without decrypting it. Use it for
// files that this process has just encrypted. It is safe for concurrent use.
func (r *Resolver) Knows(armored, text string) {
	r.ring.values.Store(strings.TrimSpace(armored), text)
}

// Known returns the text for an armored age file that Knows was called with.
func (r *Resolver) Known(armored string) (text string, ok bool) {
	value, ok := r.ring.values.Load(strings.TrimSpace(armored))
	if !ok {
		return "", false
	}
	return value.(string), true
}

// Age decrypts an age file. It must be armored, because YAML can't contain binary data.
// It is safe for concurrent use. The error is an *Error if the file is not an age file
// or no identity can decrypt it.
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
		return "", r.unresolved(err)
	}
	value, err := ids.decrypt(armored)
	if err != nil {
		return "", r.unresolved(err)
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

// some returns an error if there is no identity.
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

// unmatched returns the message for the error of age that no identity matches, and nil
// for other errors. encrypt and again are the commands that the hint names.
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

// DecryptAt opens a binary age file for random access. size is its size in bytes.
// DecryptAt also returns the size of the plaintext. The error is an *Error if there is
// no identity that can decrypt the file. Other errors, also when reading from the
// result, mean that the file is damaged or can't be read. All data read from the result
// is authenticated.
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

// also adds to a hint which identity files could not be used.
func (ids *identities) also(hint string) string {
	for _, why := range ids.skipped {
		hint += "; " + why
	}
	return hint
}
