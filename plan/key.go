package plan

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Key names a configuration, or with an empty Config the namespace itself.
type Key struct {
	Namespace string
	Config    string
}

// IsNamespace reports whether k names a namespace rather than a configuration.
func (k Key) IsNamespace() bool { return k.Config == "" }

// String returns "namespace/configuration", or "namespace". Names come from
// outside: escape the result (Printable) before it goes to a terminal.
func (k Key) String() string {
	if k.IsNamespace() {
		return k.Namespace
	}
	return k.Namespace + "/" + k.Config
}

// Compare orders keys by namespace, the namespace itself before what is in it.
func (k Key) Compare(other Key) int {
	if c := cmp.Compare(k.Namespace, other.Namespace); c != 0 {
		return c
	}
	return cmp.Compare(k.Config, other.Config)
}

// Selection says which namespaces and configurations take part. The zero
// Selection takes everything. What a selection leaves out is neither read nor
// compared nor changed.
type Selection struct {
	// Namespaces are globs; a namespace takes part when one matches, or when
	// there are none.
	Namespaces []string
	// Exclude are globs of namespaces ("shop") or of configurations
	// ("shop/limits", "*/debug"), and win over Namespaces.
	Exclude []string

	only map[string]bool
	seen *Seen
}

// Only returns the selection, and of it only the namespaces of these names.
func (s Selection) Only(names map[string]bool) Selection {
	s.only = names
	return s
}

// Namespace reports whether the namespace takes part.
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

// Config reports whether a configuration of a namespace that takes part does
// so too.
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

// Whole reports whether every configuration of a namespace takes part, so that
// the namespace itself may be deleted.
func (s Selection) Whole(namespace string) bool {
	for _, pattern := range s.Exclude {
		if ns, _, ok := strings.Cut(pattern, "/"); ok && Glob(ns, namespace) {
			return false
		}
	}
	return true
}

// Glob reports whether name matches pattern, in which "*" stands for any run
// of characters and "?" for any one. Every other character stands for itself.
func Glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	name, ok := cutGlob(name, first)
	if len(parts) == 1 || !ok {
		return ok && name == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		if name, ok = afterGlob(name, part); !ok {
			return false
		}
	}
	if !strings.Contains(last, "?") {
		return strings.HasSuffix(name, last)
	}
	from := len(name)
	for range utf8.RuneCountInString(last) {
		_, size := utf8.DecodeLastRuneInString(name[:from])
		from -= size
	}
	rest, ok := cutGlob(name[from:], last)
	return ok && rest == ""
}

// cutGlob returns what follows a beginning in which "?" stands for any character.
func cutGlob(name, beginning string) (rest string, ok bool) {
	for {
		part, more, any := strings.Cut(beginning, "?")
		if name, ok = strings.CutPrefix(name, part); !ok || !any {
			return name, ok
		}
		_, size := utf8.DecodeRuneInString(name)
		if size == 0 {
			return "", false
		}
		name, beginning = name[size:], more
	}
}

// afterGlob returns what follows the first place where a part stands, in which "?"
// stands for any character.
func afterGlob(name, part string) (rest string, ok bool) {
	if !strings.Contains(part, "?") {
		_, rest, ok = strings.Cut(name, part)
		return rest, ok
	}
	for {
		if rest, ok = cutGlob(name, part); ok || name == "" {
			return rest, ok
		}
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:]
	}
}

// matchRuns reports whether a pattern matches, in which what isRun takes stands for any
// run, and of the rest each part for what one takes. On a mismatch it goes back to the
// last run alone, which takes one more: what the ones before it took can stay as it is.
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
