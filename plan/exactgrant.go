package plan

import (
	"maps"
	"slices"
	"strings"
)

// grant gives the user temporary permissions on existing objects, if the changes of the
// plan need permissions that the user does not have. The user must have permission to
// administer these objects. Otherwise the plan gets a problem.
func (e *exactDiff) grant() {
	if len(e.opts.Who) == 0 {
		return
	}
	needs := map[string]string{}
	gone := map[string]bool{}
	for _, c := range slices.Concat(e.first, e.last) {
		needs[c.Place()] = "a"
	}
	for _, c := range e.plan.Changes {
		place := c.Place()
		above := place[:max(0, strings.LastIndexByte(place, '/'))]
		switch c.Action {
		case Create:
			needs[above] += "c"
		case Delete:
			needs[above] += "d"
			gone[place] = true
		case Update:
			needs[place] += "w"
		}
	}
	for _, place := range slices.SortedFunc(maps.Keys(needs), ComparePaths) {
		if live, ok := e.live[place]; ok {
			e.grantAt(place, live, ordered(needs[place]), gone[place])
		}
	}
}

// grantAt gives the user temporary permissions on an existing object. gone says that the
// plan deletes the object.
func (e *exactDiff) grantAt(place string, live Stored, needs string, gone bool) {
	of := func(c Change) bool { return c.Place() == place }
	first, last := slices.IndexFunc(e.first, of), slices.IndexFunc(e.last, of)
	current := live.Access
	if first >= 0 {
		current = e.first[first].New.Access
	}
	who := Who{IDs: e.opts.Who}
	if e.opts.Seen != nil {
		who = *e.opts.Seen
	}
	has, may := current.For(who)
	lacks := without(needs, has+may)
	if lacks == "" {
		return
	}
	if has, may := live.Access.For(who); !strings.Contains(has+may, "a") {
		e.plan.Problems = append(e.plan.Problems, Finding{
			Key:     live.Key,
			Message: "the ACL of " + Printable("/"+place) + " denies you " + rightsInWords(lacks) + ", and you do not have permission to administer it",
			Hint:    "use credentials that have these permissions",
		})
		return
	}
	granted := slices.Concat(current, own(e.opts.Who, ""))
	version := live.Meta().Version
	if first >= 0 {
		e.first[first].New.Access = granted
	} else {
		c := e.change(live, SetAccess)
		c.Old, c.New, c.First = live.Meta(), Meta{Access: granted}, true
		e.first = append(e.first, c)
	}
	switch before := (Meta{Access: granted, Version: version + 1}); {
	case gone:
	case last >= 0:
		e.last[last].Old = before
	default:
		e.set(live, before, Meta{Access: current})
	}
}

// bottomUp sorts changes so that children come before their parents.
func bottomUp(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return ComparePaths(b.Place(), a.Place())
	})
}
