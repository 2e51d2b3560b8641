package sensitive

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// privateKeys finds private keys: PEM, also on one line with \n, and PuTTY's. One
// without an end goes on to that of the text.
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
	f.each("Private-Lines:", func(at int) int {
		f.add(at+len("Private-Lines:"), len(f.text))
		return len(f.text)
	})
}

// encoded finds base64 of a text that holds a secret.
func (f *finder) encoded() {
	const shortest = 16
	for i := 0; i < len(f.text); {
		end := i
		for end < len(f.text) && is64(f.text[end]) {
			end++
		}
		if end-i >= shortest {
			if decoded := decode64(f.text[i:end]); decoded != "" && parts(decoded, false) != nil {
				f.add(i, end)
			}
		}
		i = end + 1
	}
}

func is64(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("+/=_-", c) >= 0
}

// decode64 returns the text that a base64 text stands for, of either alphabet,
// with or without "=" at its end; or "" if that is no text.
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
