package plan

import (
	"cmp"
	"strings"
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
}

// Only returns the selection, and of it only the namespaces of these names.
func (s Selection) Only(names map[string]bool) Selection {
	s.only = names
	return s
}

// Namespace reports whether the namespace takes part.
func (s Selection) Namespace(name string) bool {
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
	p, n := []rune(pattern), []rune(name)
	// The last star seen, and where in name it was tried: on a mismatch the
	// star takes one rune more.
	pi, ni, star, from := 0, 0, -1, 0
	for ni < len(n) {
		switch {
		case pi < len(p) && p[pi] == '*':
			star, from = pi, ni
			pi++
		case pi < len(p) && (p[pi] == '?' || p[pi] == n[ni]):
			pi++
			ni++
		case star >= 0:
			from++
			pi, ni = star+1, from
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}
