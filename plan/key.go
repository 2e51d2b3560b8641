package plan

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Key identifies a configuration, or a namespace if Config is empty.
type Key struct {
	Namespace string
	Config    string
}

// IsNamespace reports whether k identifies a namespace.
func (k Key) IsNamespace() bool { return k.Config == "" }

// String returns "namespace/configuration" or "namespace". Names are untrusted: use
// Printable before you write the result to a terminal.
func (k Key) String() string {
	if k.IsNamespace() {
		return k.Namespace
	}
	return k.Namespace + "/" + k.Config
}

// Compare orders keys by namespace and then by configuration. A namespace comes before
// its configurations.
func (k Key) Compare(other Key) int {
	if c := cmp.Compare(k.Namespace, other.Namespace); c != 0 {
		return c
	}
	return cmp.Compare(k.Config, other.Config)
}

// Selection selects namespaces and configurations. The zero Selection selects
// everything. Objects that are not selected are neither read nor compared nor changed.
type Selection struct {
	// Namespaces are globs. A namespace is selected if one of them matches, or if there
	// are none.
	Namespaces []string
	// Exclude are globs of namespaces ("shop") or configurations ("shop/limits",
	// "*/debug"). They override Namespaces.
	Exclude []string

	only map[string]bool
	seen *Seen
}

// Only returns the selection, limited to the given namespaces.
func (s Selection) Only(names map[string]bool) Selection {
	s.only = names
	return s
}

// Namespace reports whether a namespace is selected.
func (s Selection) Namespace(name string) bool {
	s.seen.namespace(name)
	if s.only != nil && !s.only[name] {
		return false
	}
	for _, pattern := range s.Exclude {
		if !strings.Contains(pattern, "/") && Glob(pattern, name) {
			return false
		}
	}
	for _, pattern := range s.Namespaces {
		if Glob(pattern, name) {
			return true
		}
	}
	return len(s.Namespaces) == 0
}

// Config reports whether a configuration in a selected namespace is selected.
func (s Selection) Config(namespace, config string) bool {
	s.seen.config(Key{namespace, config})
	for _, pattern := range s.Exclude {
		ns, cfg, ok := strings.Cut(pattern, "/")
		if ok && Glob(ns, namespace) && Glob(cfg, config) {
			return false
		}
	}
	return true
}

// Whole reports whether all configurations of a namespace are selected. Only then can
// the namespace be deleted.
func (s Selection) Whole(namespace string) bool {
	for _, pattern := range s.Exclude {
		if ns, _, ok := strings.Cut(pattern, "/"); ok && Glob(ns, namespace) {
			return false
		}
	}
	return true
}

// Takes reports whether an object is selected.
func (s Selection) Takes(k Key) bool {
	return s.Namespace(k.Namespace) && (k.IsNamespace() || s.Config(k.Namespace, k.Config))
}

// globSigns are the special characters of a glob.
const globSigns = "*?["

// IsGlob reports whether a text has wildcards.
func IsGlob(text string) bool { return strings.ContainsAny(text, globSigns) }

// Glob reports whether name matches pattern. "*" matches any sequence of characters,
// "?" one character, "[a-c.]" one of the listed characters, and "[!a]" one that is not
// listed. A "[" without a "]" and all other characters match themselves.
//
// After a mismatch, Glob only retries the last star with one more character. So the
// time is at most the product of the two lengths, and with stars alone their sum.
func Glob(pattern, name string) bool {
	if !strings.ContainsAny(pattern, "?[") {
		return matchStars(pattern, name)
	}
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, from = p, n
			p++
			continue
		}
		if p < len(pattern) {
			if of, size, ok := matchOne(pattern[p:], name[n:]); ok {
				p, n = p+of, n+size
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size := utf8.DecodeRuneInString(name[from:])
		from += size
		p, n = star+1, from
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchStars is Glob for a pattern without other wildcards than stars.
func matchStars(pattern, name string) bool {
	begin, rest, hasStar := strings.Cut(pattern, "*")
	name, begins := strings.CutPrefix(name, begin)
	if !hasStar || !begins {
		return begins && name == ""
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(part):], after
	}
}

// matchOne matches the start of a pattern that does not begin with a star against the
// start of a name. It returns the number of matched bytes of each.
func matchOne(pattern, name string) (of, size int, ok bool) {
	switch pattern[0] {
	case '?':
		_, size = utf8.DecodeRuneInString(name)
		return 1, size, true
	case '[':
		if set, isSet := class(pattern); isSet {
			r, size := utf8.DecodeRuneInString(name)
			return len(set) + 2, size, inClass(set, r)
		}
	}
	return 1, 1, pattern[0] == name[0]
}

// class returns the content of the brackets at the start of a pattern. A "]" in first
// place is an ordinary character.
func class(pattern string) (set string, isSet bool) {
	from := 1
	if strings.HasPrefix(pattern[from:], "!") || strings.HasPrefix(pattern[from:], "^") {
		from++
	}
	if from+1 >= len(pattern) {
		return "", false
	}
	to := strings.IndexByte(pattern[from+1:], ']')
	if to < 0 {
		return "", false
	}
	return pattern[1 : from+1+to], true
}

// inClass reports whether a character is in a class.
func inClass(set string, r rune) bool {
	rest := strings.TrimLeft(set[:1], "!^") + set[1:]
	not := len(rest) < len(set)
	for len(rest) > 0 {
		low, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
		high := low
		if len(rest) > 1 && rest[0] == '-' {
			high, size = utf8.DecodeRuneInString(rest[1:])
			rest = rest[1+size:]
		}
		if low <= r && r <= high {
			return !not
		}
	}
	return not
}

// matchRuns reports whether a pattern matches all elements. Parts that isRun accepts
// match any sequence; other parts match one element, as one decides. After a mismatch
// it only retries the last sequence with one more element.
func matchRuns[T any](pattern, all []T, isRun func(T) bool, one func(part, of T) bool) bool {
	p, a, run, from := 0, 0, -1, 0
	for a < len(all) {
		switch {
		case p < len(pattern) && isRun(pattern[p]):
			run, from = p, a
			p++
		case p < len(pattern) && one(pattern[p], all[a]):
			p++
			a++
		case run >= 0:
			from++
			p, a = run+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && isRun(pattern[p]) {
		p++
	}
	return p == len(pattern)
}
