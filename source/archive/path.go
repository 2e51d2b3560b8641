package archive

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// comparePaths compares paths part by part: a parent comes first, then its descendants,
// then its siblings.
func comparePaths[A, B string | []byte](a A, b B) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		switch {
		case a[i] == '/': // the shorter part comes first
			return -1
		case b[i] == '/':
			return 1
		case a[i] < b[i]:
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}

// isBelow reports whether path is below parent.
func isBelow(path, parent string) bool {
	if parent == "" {
		return path != ""
	}
	return len(path) > len(parent) && path[len(parent)] == '/' && path[:len(parent)] == parent
}

// parentOf returns the parent of a path other than the root.
func parentOf(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

// course checks that paths are sorted and unique, and come after their parents.
type course struct {
	last    []byte
	started bool
	gaps    map[string]bool // parents that may be missing
}

// next reports whether a path is in order, and whether its parent came before.
func (c *course) next(path string) (ordered, held bool) {
	ordered = !c.started || comparePaths(c.last, path) < 0
	if held = path == ""; !held {
		// The parents of the last path came before it.
		parent := parentOf(path)
		held = c.started && (string(c.last) == parent || parent == "" || isBelow(string(c.last), parent)) || c.gaps[parent]
	}
	c.last, c.started = append(c.last[:0], path...), true
	return ordered, held
}

// check is next that returns an error.
func (c *course) check(path string) error {
	switch ordered, held := c.next(path); {
	case !ordered:
		return fmt.Errorf("%s is duplicated or out of order", plan.Quote(path))
	case !held:
		return fmt.Errorf("%s has no parent in the backup", plan.Quote(path))
	}
	return nil
}

// checkPath returns an error if a path is invalid for a backend.
func checkPath(backend, path string) error {
	switch {
	case path == "":
		return nil
	case len(path) > maxPath:
		return fmt.Errorf("a path has %d bytes, and the limit is %d", len(path), maxPath)
	case backend == ZooKeeper && !utf8.ValidString(path):
		return fmt.Errorf("the path %s is not UTF-8", plan.Quote(path))
	}
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "":
			return fmt.Errorf("the path %s has an empty part", plan.Quote(path))
		case part == "." || part == "..":
			return fmt.Errorf("the path %s has a . or .. part", plan.Quote(path))
		}
	}
	if backend == File {
		if strings.IndexByte(path, 0) >= 0 {
			return fmt.Errorf("the path %s has a NUL character", plan.Quote(path))
		}
		return nil
	}
	for _, r := range path {
		if refused(r) {
			return fmt.Errorf("the path %s has a character that ZooKeeper does not allow", plan.Quote(path))
		}
	}
	return nil
}

// refused reports whether ZooKeeper rejects names with this character.
func refused(r rune) bool {
	return r < 0x20 || r >= 0x7F && r <= 0x9F || r >= 0xE000 && r <= 0xF8FF || r >= 0xFFF0
}

// keyAt returns the key of the namespace or configuration at a path, or the zero Key.
func keyAt(backend, path string) plan.Key {
	namespace, config, deeper := strings.Cut(path, "/")
	switch {
	case !deeper:
		return plan.Key{Namespace: namespace}
	case strings.Contains(config, "/"):
		return plan.Key{}
	case backend == File:
		config, _, _ = strings.Cut(config, ".") // in Confo, a name ends at the first dot
		if config == "" {
			return plan.Key{}
		}
	}
	return plan.Key{Namespace: namespace, Config: config}
}

// checkStored returns an error if a node or file is invalid for an archive of a
// backend.
func checkStored(backend string, s *plan.Stored) error {
	if err := checkPath(backend, s.Path); err != nil {
		return err
	}
	err := func() error {
		switch {
		case !utf8.ValidString(s.Foreign):
			return errors.New("has a description that is not UTF-8")
		case s.Foreign != "" && s.Key != (plan.Key{}):
			return errors.New("is both Confo's and foreign")
		case s.Foreign == "" && (s.Key != keyAt(backend, s.Path) || s.Path != "" && s.Key == (plan.Key{})):
			return fmt.Errorf("can't be %s", plan.Quote(s.Key.String()))
		case s.Foreign != "" && s.Path == "":
			return errors.New("is the root, and foreign")
		case backend == File && s.Foreign == "" && s.Folder != s.Key.IsNamespace():
			return errors.New("is not a folder but must be one, or is one but can't be")
		case s.Folder && s.Value.Size() > 0:
			return errors.New("is a folder, but has data")
		case backend == ZooKeeper && (s.Folder || s.Mode != 0 || s.Link != ""):
			return errors.New("is a file, in the backup of a ZooKeeper")
		case backend == File && (s.Access != nil || s.Stat != nil):
			return errors.New("is a znode, in the backup of a file backend")
		case s.Mode > 0o7777:
			return errors.New("has a mode that is not valid")
		}
		for _, entry := range s.Access {
			if !utf8.ValidString(entry) {
				return errors.New("has an ACL that is not UTF-8")
			}
		}
		return nil
	}()
	if err != nil {
		return fmt.Errorf("%s %w", plan.Quote(s.Path), err)
	}
	return nil
}
