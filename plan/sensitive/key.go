package sensitive

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// privateKeys finds private keys in PEM format, also on one line with \n, and those of
// PuTTY. A key without an end line ends at the end of the text.
func (f *finder) privateKeys() {
	const begin, end, dashes = "-----BEGIN ", "-----END ", "-----"
	f.each(begin, func(at int) int {
		from := at + len(begin)
		label, _, ok := strings.Cut(f.text[from:min(len(f.text), from+80)], dashes)
		if !ok || !strings.Contains(label, "PRIVATE KEY") {
			return from
		}
		to := len(f.text)
		if i := strings.Index(f.text[from:], end+label+dashes); i >= 0 {
			to = from + i + len(end+label+dashes)
		}
		f.add(at, to)
		return to
	})
	f.each("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY", func(at int) int {
		f.add(at, len(f.text))
		return len(f.text)
	})
	f.each("Private-Lines:", func(at int) int {
		f.add(at+len("Private-Lines:"), len(f.text))
		return len(f.text)
	})
}

// encoded finds base64 text that contains a secret or a private key, also if it is
// encoded several times, up to depth.
func (f *finder) encoded(depth int) {
	const shortest = 16
	for i := 0; i < len(f.text); {
		end := i
		for end < len(f.text) && is64(f.text[end]) && f.text[end] != '=' {
			end++
		}
		start := i
		i = end + 1
		for end < len(f.text) && f.text[end] == '=' {
			end++
			i = end
		}
		if end-start < shortest {
			continue
		}
		if decoded := decode64(f.text[start:end]); isPrivateDER(f.text[start:end]) || decoded != "" && parts(decoded, depth-1) != nil {
			f.add(start, end)
		}
	}
}

// isPrivateDER reports whether a text is the base64 form of a private key in PKCS #1,
// PKCS #8 or SEC 1. These are sequences that start with a version number, followed by a
// number, a sequence or a byte string.
func isPrivateDER(text string) bool {
	const shortest, head = 40, 24
	if len(text) < shortest || text[0] != 'M' {
		return false
	}
	der, err := base64.StdEncoding.DecodeString(text[:head])
	if err != nil || der[0] != 0x30 {
		return false
	}
	body := 2
	if der[1] > 0x80 {
		body += int(der[1] & 3)
	}
	switch string(der[body : body+3]) {
	case "\x02\x01\x00":
		return der[body+3] == 0x02 || der[body+3] == 0x30
	case "\x02\x01\x01":
		return der[body+3] == 0x04
	}
	return false
}

func is64(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("+/=_-", c) >= 0
}

// decode64 decodes base64 in either alphabet, with or without "=" at the end. It
// returns "" if the result is not text.
func decode64(text string) string {
	text = strings.TrimRight(text, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "_-") {
		encoding = base64.RawURLEncoding
	}
	decoded, err := encoding.DecodeString(text)
	if err != nil || !utf8.Valid(decoded) {
		return ""
	}
	for _, r := range string(decoded) {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return ""
		}
	}
	return string(decoded)
}
