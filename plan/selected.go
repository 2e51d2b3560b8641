package plan

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Seen records the names that a Selection was asked about. Unmatched uses them to find
// globs that match nothing. It is safe for concurrent use.
type Seen struct {
	mu         sync.Mutex
	namespaces map[string]bool
	configs    map[Key]bool
}

// Noting returns the selection with seen recording the names that it is asked about.
func (s Selection) Noting(seen *Seen) Selection {
	s.seen = seen
	return s
}

func (s *Seen) namespace(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.namespaces == nil {
		s.namespaces = map[string]bool{}
	}
	s.namespaces[name] = true
}

// Add adds the names that other recorded.
func (s *Seen) Add(other *Seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	if s.namespaces == nil {
		s.namespaces = map[string]bool{}
	}
	if s.configs == nil {
		s.configs = map[Key]bool{}
	}
	maps.Copy(s.namespaces, other.namespaces)
	maps.Copy(s.configs, other.configs)
}

// Unselected returns how many of the recorded namespaces a selection leaves out.
func (s *Seen) Unselected(sel Selection) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sel.seen = nil
	for name := range s.namespaces {
		if !sel.Namespace(name) {
			n++
		}
	}
	return n
}

func (s *Seen) config(k Key) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.configs == nil {
		s.configs = map[Key]bool{}
	}
	s.configs[k] = true
}

// UnmatchedGlob is a glob that matches nothing. Closest is the most similar name, or
// "".
type UnmatchedGlob struct{ Glob, Closest string }

// Unmatched returns the globs of a selection that match no recorded name. If no
// namespace was recorded, it returns nothing.
func (s *Seen) Unmatched(sel Selection) (namespaces, exclude []UnmatchedGlob) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.namespaces) == 0 {
		return nil, nil
	}
	names := slices.Sorted(maps.Keys(s.namespaces))
	for _, glob := range sel.Namespaces {
		if !matchesAny(glob, names) {
			namespaces = append(namespaces, UnmatchedGlob{glob, Closest(glob, names)})
		}
	}
	for _, glob := range sel.Exclude {
		ns, config, ok := strings.Cut(glob, "/")
		if !matchesAny(ns, names) {
			u := UnmatchedGlob{Glob: glob}
			if meant := Closest(ns, names); meant != "" {
				u.Closest = meant + glob[len(ns):]
			}
			exclude = append(exclude, u)
			continue
		}
		if !ok {
			continue
		}
		var configs []string // of the matching namespaces, as far as they were read
		for k := range s.configs {
			if Glob(ns, k.Namespace) {
				configs = append(configs, k.Config)
			}
		}
		slices.Sort(configs)
		if len(configs) > 0 && !matchesAny(config, configs) {
			u := UnmatchedGlob{Glob: glob}
			if meant := Closest(config, configs); meant != "" {
				u.Closest = ns + "/" + meant
			}
			exclude = append(exclude, u)
		}
	}
	return namespaces, exclude
}

func matchesAny(glob string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return Glob(glob, name) })
}
