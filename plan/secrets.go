package plan

import (
	"slices"
	"strings"
	"unicode"
)

// secretParts returns the parts of a text that give themselves away as secrets,
// in order and apart, or nil. In doubt a part is too long.
func secretParts(text string) []Span {
	parts := slices.Concat(userinfos(text), privateKeys(text), assignments(text))
	if parts == nil {
		return nil
	}
	slices.SortFunc(parts, func(a, b Span) int { return a.From - b.From })
	apart := parts[:1]
	for _, p := range parts[1:] {
		if last := &apart[len(apart)-1]; p.From <= last.To {
			last.To = max(last.To, p.To)
		} else {
			apart = append(apart, p)
		}
	}
	return apart
}

// HoldsUserinfo reports whether there is a URL with a user or password in a text.
func HoldsUserinfo(text string) bool { return userinfos(text) != nil }

// userinfos finds "scheme://user:password@host" and "scheme://token@host"
// anywhere in a text, and returns what is between the slashes and the last "@".
// A password may hold a "/" that should have been escaped, so what has a ":"
// before its "@" counts however far away that is.
func userinfos(text string) (parts []Span) {
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return parts
		}
		from += i + len("://")
		rest := text[from:]
		if end := strings.IndexFunc(rest, unicode.IsSpace); end >= 0 {
			rest = rest[:end]
		}
		at := strings.IndexByte(rest, '@')
		if at < 0 {
			continue
		}
		if before := rest[:at]; !strings.ContainsAny(before, "/?#") || strings.Contains(before, ":") {
			to := from + strings.LastIndexByte(rest, '@')
			parts = append(parts, Span{from, to})
			from = to
		}
	}
}

// privateKeys finds private keys in PEM. One without an end goes on to that of
// the text.
func privateKeys(text string) (parts []Span) {
	const begin, end, dashes = "-----BEGIN ", "-----END ", "-----"
	for from := 0; ; {
		i := strings.Index(text[from:], begin)
		if i < 0 {
			return parts
		}
		start := from + i
		from = start + len(begin)
		label, _, ok := strings.Cut(text[from:], dashes)
		if !ok || !strings.Contains(label, "PRIVATE KEY") {
			continue
		}
		to := len(text)
		if i := strings.Index(text[from:], end+label+dashes); i >= 0 {
			to = from + i + len(end+label+dashes)
		}
		parts = append(parts, Span{start, to})
		from = to
	}
}

// assignments finds what is assigned to a name that is a secret's: password=x,
// "token": x, api_key => x, --password x, <secret>x. What is assigned is taken
// to go on to the end of the line.
func assignments(text string) (parts []Span) {
	for i := 0; i < len(text); i++ {
		if !strings.ContainsRune("=: >", rune(text[i])) || !IsSecretName(nameBefore(text, i)) {
			continue
		}
		from := i + 1
		for from < len(text) && strings.ContainsRune("=:> \t", rune(text[from])) {
			from++
		}
		to := len(text)
		if end := strings.IndexByte(text[from:], '\n'); end >= 0 {
			to = from + end
		}
		for to > from && text[to-1] == '\r' {
			to--
		}
		if from < to {
			parts = append(parts, Span{from, to})
			i = to
		}
	}
	return parts
}

// nameBefore returns the name that the sign at i assigns to, or nothing. A blank
// assigns only to a flag, and ">" only to an element of XML.
func nameBefore(text string, i int) string {
	end := i
	if sign := text[i]; sign == '=' || sign == ':' {
		end = len(strings.TrimRight(text[:i], " \t"))
		if end > 0 && (text[end-1] == '"' || text[end-1] == '\'') {
			end--
		}
	}
	start := end
	for start > 0 && isNameByte(text[start-1]) {
		start--
	}
	name := text[start:end]
	switch {
	case text[i] == ' ' && !strings.HasPrefix(name, "-"):
		return ""
	case text[i] == '>' && (start == 0 || text[start-1] != '<'):
		return ""
	}
	return name
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}
