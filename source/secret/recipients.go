package secret

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"

	"github.com/confo-sync/confo-sync/plan"
)

// Recipients are the recipients that values are encrypted to.
type Recipients struct{ all []age.Recipient }

const hintRecipients = "use a recipient that begins with age1, ssh-ed25519 or ssh-rsa (age-keygen -y prints the recipient of an identity)"

// ParseRecipients parses recipients: age1..., ssh-ed25519 ... or ssh-rsa .... The error
// is an *Error if a recipient is invalid or they can't be combined.
func ParseRecipients(texts []string) (*Recipients, error) {
	if len(texts) == 0 {
		return nil, &Error{"there are no recipients to encrypt to", hintRecipients}
	}
	var r Recipients
	for i, text := range texts {
		text = strings.TrimSpace(text)
		recipient, err := parseRecipient(text)
		if err != nil {
			return nil, wrongRecipient(i+1, text)
		}
		r.all = append(r.all, recipient)
	}
	// age checks the combination only when it encrypts.
	if _, err := age.Encrypt(io.Discard, r.all...); err != nil {
		return nil, &Error{
			"a value can't be encrypted to all of these recipients together",
			"use only one kind: post-quantum recipients (age1pq1...) can't be combined with others",
		}
	}
	return &r, nil
}

func parseRecipient(text string) (age.Recipient, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("several lines")
	}
	if strings.HasPrefix(text, "ssh-") {
		return agessh.ParseRecipient(text)
	}
	parsed, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return parsed[0], nil
}

// wrongRecipient quotes a text only if it is clearly not secret.
func wrongRecipient(number int, text string) *Error {
	upper := strings.ToUpper(text)
	switch {
	case strings.Contains(upper, "AGE-SECRET-KEY-") || strings.Contains(upper, "AGE-PLUGIN-") || strings.Contains(upper, "PRIVATE KEY"):
		return &Error{
			fmt.Sprintf("recipient %d is an identity, which must be kept secret", number),
			"use its recipient, which age-keygen -y prints; if others have seen the identity, create a new one",
		}
	case strings.HasPrefix(text, "age1") || strings.HasPrefix(text, "ssh-"):
		const most = 100
		shown := text
		if len(shown) > most {
			shown = shown[:most] + "..."
		}
		return &Error{fmt.Sprintf("recipient %d, %s, is not supported by age", number, plan.Quote(shown)), hintRecipients}
	}
	return &Error{fmt.Sprintf("recipient %d is not supported by age", number), hintRecipients}
}

// Encrypt returns an armored age file that Resolver.Age decrypts. The error is an
// *Error if the text is larger than 16 MiB or not UTF-8.
func (r *Recipients) Encrypt(plaintext string) (armored string, err error) {
	switch {
	case len(plaintext) > limit:
		return "", &Error{"the value is larger than 16 MiB", "use a smaller value"}
	case !utf8.ValidString(plaintext):
		return "", &Error{"the value is not UTF-8", hintBase64}
	}
	var out bytes.Buffer
	outer := armor.NewWriter(&out)
	inner, err := age.Encrypt(outer, r.all...)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	if _, err := io.WriteString(inner, plaintext); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	if err := inner.Close(); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	if err := outer.Close(); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return out.String(), nil
}

// Writer returns a writer that encrypts to dst as a binary age file. The file is
// complete only after the writer is closed. Closing it does not close dst.
func (r *Recipients) Writer(dst io.Writer) (io.WriteCloser, error) {
	w, err := age.Encrypt(dst, r.all...)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return w, nil
}
