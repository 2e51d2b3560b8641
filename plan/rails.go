package plan

import "fmt"

// Rails are what a plan is refused for unless its user says otherwise: slips
// that would delete far more than was meant.
type Rails struct {
	// DeletePercent is how many of a namespace's configurations may be deleted
	// at once, when it has at least railsFrom.
	DeletePercent int
	// AllowEmpty lets a tree be empty.
	AllowEmpty bool
	// Protect are objects that may not be deleted.
	Protect []Pattern
}

// railsFrom is how many configurations a namespace must have for percentages to
// mean something.
const railsFrom = 10

// Check returns what a plan is refused for.
func (r Rails) Check(p *Plan, desired *Tree, live *Snapshot, sel Selection) []Finding {
	var found []Finding
	if len(desired.Namespaces) == 0 && !r.AllowEmpty {
		found = append(found, emptyTree(sel))
	}
	return append(append(found, r.protected(p)...), r.deletions(p, live)...)
}

func emptyTree(sel Selection) Finding {
	f := Finding{Message: "the tree is empty", Hint: "check the folder; if it is meant to be empty, say --allow-empty"}
	if len(sel.Namespaces)+len(sel.Exclude) > 0 {
		f.Message = "the tree has nothing that is selected"
		f.Hint = "check --namespace and --exclude; if the tree is meant to have none of it, say --allow-empty"
	}
	return f
}

func (r Rails) protected(p *Plan) []Finding {
	var found []Finding
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action != Delete {
			continue
		}
		for _, pattern := range r.Protect {
			if pattern.MatchKey(c.Key) {
				found = append(found, Finding{
					Key:     c.Key,
					Message: fmt.Sprintf("it would be deleted, and is protected by %s", Printable(pattern.String())),
					Hint:    "put it back into the tree, or take away its protection",
				})
				break
			}
		}
	}
	return found
}

// deletions finds namespaces that lose too much. Both sides are sorted.
func (r Rails) deletions(p *Plan, live *Snapshot) []Finding {
	deleted := map[string]int{}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Action == Delete && !c.Key.IsNamespace() {
			deleted[c.Key.Namespace]++
		}
	}
	if len(deleted) == 0 {
		return nil
	}
	var found []Finding
	for i := range live.Namespaces {
		ns := &live.Namespaces[i]
		gone, total := deleted[ns.Name], len(ns.Configs)
		if total < railsFrom || gone*100 <= r.DeletePercent*total {
			continue
		}
		percent := (gone*100 + total - 1) / total // up, so that it allows what it names
		found = append(found, Finding{
			Key:     Key{Namespace: ns.Name},
			Message: fmt.Sprintf("would delete %d of %d configurations (%d %%, limit %d %%)", gone, total, percent, r.DeletePercent),
			Hint:    fmt.Sprintf("if that is meant, say --delete-percent %d", percent),
		})
	}
	return found
}
