package plan

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Objects is the complete content of a target, byte for byte, by path below its root. The
// zero value is empty. A target's dump can write to it.
type Objects struct {
	byPath map[string]Stored
	// Gaps are the paths that can't be read, and why.
	Gaps map[string]string
}

// Add adds an object.
func (o *Objects) Add(s Stored) error {
	if o.byPath == nil {
		o.byPath = map[string]Stored{}
	}
	o.byPath[s.Path] = s
	return nil
}

// Amend replaces an object, or adds one.
func (o *Objects) Amend(s Stored) error { return o.Add(s) }

// Remove removes the object at a path.
func (o *Objects) Remove(path string) error {
	delete(o.byPath, path)
	return nil
}

// Gap notes a path that can't be read.
func (o *Objects) Gap(path, why string) {
	if o.Gaps == nil {
		o.Gaps = map[string]string{}
	}
	o.Gaps[path] = why
}

// At returns the object at a path.
func (o *Objects) At(path string) (s Stored, ok bool) {
	s, ok = o.byPath[path]
	return s, ok
}

// Clone returns a copy, which can be changed.
func (o *Objects) Clone() *Objects {
	return &Objects{byPath: maps.Clone(o.byPath), Gaps: maps.Clone(o.Gaps)}
}

// Unread returns an error for each gap that expected does not accept, sorted by path.
func (o *Objects) Unread(expected func(path string) bool) (found []Finding) {
	for _, path := range slices.SortedFunc(maps.Keys(o.Gaps), ComparePaths) {
		if !expected(path) {
			found = append(found, Finding{Message: Printable("/"+path) + ": " + o.Gaps[path]})
		}
	}
	return found
}

// All yields the objects in the order of ComparePaths.
func (o *Objects) All() iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		for _, path := range slices.SortedFunc(maps.Keys(o.byPath), ComparePaths) {
			if !yield(o.byPath[path], nil) {
				return
			}
		}
	}
}

// Snapshot returns its namespaces and configurations. If a configuration has several
// files, it returns only the first.
func (o *Objects) Snapshot() *Snapshot {
	s := &Snapshot{}
	at := map[string]int{}   // index of each namespace
	seen := map[Key]string{} // paths of configurations
	for stored := range o.All() {
		_, isRoot := o.byPath[""]
		s.Exists = s.Exists || isRoot
		switch {
		case stored.Path == "":
		case stored.Key == (Key{}):
			s.addForeign(stored, at)
		case stored.Key.IsNamespace():
			at[stored.Key.Namespace] = len(s.Namespaces)
			s.Namespaces = append(s.Namespaces, LiveNamespace{Name: stored.Key.Namespace, Revision: stored.Revision, Data: stored.Value.Size()})
		case seen[stored.Key] == "":
			seen[stored.Key] = stored.Path
			if i, ok := at[stored.Key.Namespace]; ok {
				ns := &s.Namespaces[i]
				ns.Configs = append(ns.Configs, LiveConfig{Name: stored.Key.Config, Value: stored.Value, Revision: stored.Revision})
			}
		}
	}
	s.Sort()
	return s
}

// addForeign records a foreign object in the namespace and configuration that contain it.
func (s *Snapshot) addForeign(stored Stored, at map[string]int) {
	s.Foreign = append(s.Foreign, Foreign{Path: stored.Path, What: stored.Foreign})
	parts := strings.Split(stored.Path, "/")
	i, ok := at[parts[0]]
	if !ok {
		return
	}
	ns := &s.Namespaces[i]
	for j := range ns.Configs {
		if len(parts) > 2 && ns.Configs[j].Name == parts[1] {
			ns.Configs[j].Children++
			ns.Configs[j].Ephemeral = ns.Configs[j].Ephemeral || stored.Ephemeral()
			return
		}
	}
	ns.Children++
}

// What describes a change of a foreign object or of a mode in a few words.
func (c Change) What() string {
	switch {
	case c.Action == SetAccess && c.New.Access == nil:
		return fmt.Sprintf("its mode, %04o", c.New.Mode)
	case c.Action == SetAccess:
		return "its ACL"
	case c.Action == Update:
		return "its data"
	}
	return c.Action.String()
}

// ExactLockouts returns the ACLs of an exact plan that remove the user's permission to
// administer an object. It also returns the paths of objects that the user can't read
// completely afterwards. source names the origin of the ACLs in messages, for example "the
// backup".
func (p *Plan) ExactLockouts(who Who, source string) (found []Finding, closed map[string]bool) {
	final := map[string]Change{}
	var places []string
	for _, c := range slices.Concat(p.Changes, p.Access) {
		if (c.Action == Create || c.Action == SetAccess) && c.New.Access != nil {
			if _, known := final[c.Place()]; !known {
				places = append(places, c.Place())
			}
			final[c.Place()] = c
		}
	}
	closed = map[string]bool{}
	for _, place := range places {
		list := final[place].New.Access
		has, may := list.For(who)
		if hides(list, has+may) {
			closed[place] = true
		}
		if strings.Contains(has, "a") {
			continue
		}
		verb := "would remove"
		if strings.Contains(may, "a") {
			verb = "may remove"
		}
		found = append(found, Finding{
			Message: fmt.Sprintf("the ACL that %s has for %s %s your permission to administer it", source, Printable("/"+place), verb),
			Hint:    "use credentials that keep the permission, or --allow-lockout",
		})
	}
	return found, closed
}

// hides reports whether a user with some permissions on an object can't read it
// completely. The server shows the hashes in an ACL only to users with permission to
// administer it.
func hides(list Access, permissions string) bool {
	return !strings.Contains(permissions, "r") || !strings.Contains(permissions, "a") &&
		slices.ContainsFunc(list, func(entry string) bool { return strings.HasPrefix(entry, "digest:") })
}
