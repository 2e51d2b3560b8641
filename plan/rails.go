package plan

import (
	"fmt"
	"slices"
)

// Rails are what a plan is refused for unless its user says otherwise: slips
// that would delete far more than was meant.
type Rails struct {
	// DeletePercent is how many of a namespace's configurations may be deleted
	// at once, when it has at least railsFrom.
	DeletePercent int
	// Operation is what makes the plan, if not a tree: rollback, restore, promote.
	Operation string
	// AllowEmpty lets a tree be empty.
	AllowEmpty bool
	// Protect are objects and fields that may not be deleted or updated.
	Protect []Protection
}

// Protection keeps what a pattern names from being deleted, or updated.
type Protection struct {
	Pattern
	Delete, Update bool
}

// railsFrom is how many configurations a namespace must have for percentages to
// mean something.
const railsFrom = 10

// Check returns what a plan is refused for.
func (r Rails) Check(p *Plan, desired *Tree, live *Snapshot, sel Selection) []Finding {
	var found []Finding
	if len(desired.Namespaces) == 0 && !r.AllowEmpty {
		found = append(found, r.empty(sel))
	}
	return slices.Concat(found, unread(p, desired), r.protected(p), r.deletions(p, live))
}

// unread finds what would be deleted although something that looks like it is in the
// tree's folder, and was not read. Of a namespace that the tree has otherwise, that is
// something that looks like a file which is read: notes may lie beside it.
func unread(p *Plan, desired *Tree) []Finding {
	if len(desired.Unread) == 0 {
		return nil
	}
	declared := map[string]bool{}
	for _, ns := range desired.Namespaces {
		declared[ns.Name] = true
	}
	places := map[Key]Position{}
	for _, u := range desired.Unread {
		_, known := places[u.Key]
		if !known && (!u.Key.IsNamespace() || u.IsLike || !declared[u.Key.Namespace]) {
			places[u.Key] = u.Position
		}
	}
	var found []Finding
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action != Delete {
			continue
		}
		position, ok := places[c.Key]
		if !ok {
			position, ok = places[Key{Namespace: c.Key.Namespace}]
		}
		if ok {
			found = append(found, Finding{
				Key: c.Key, Position: position,
				Message: Printable(c.Key.String()) + " would be deleted, but this looks like its file and is not read",
				Hint:    "rename it to NAME.yaml, NAME.yml or NAME.json, or move it; to ignore it, begin its name with _",
			})
		}
	}
	return found
}

// empty is the finding of a plan that wants nothing.
func (r Rails) empty(sel Selection) Finding {
	f := Finding{Message: "the tree is empty", Hint: "check the folder; if it should be empty, use --allow-empty"}
	switch {
	case r.Operation != "":
		f.Message = "after this " + r.Operation + " the target would be empty"
		f.Hint = "use --allow-empty if that is intended"
	case len(sel.Namespaces)+len(sel.Exclude) > 0:
		f.Message = "the tree has none of the selected objects"
		f.Hint = "check --namespace and --exclude; if the tree should have none of them, use --allow-empty"
	}
	return f
}

func (r Rails) protected(p *Plan) []Finding {
	if len(r.Protect) == 0 {
		return nil
	}
	patterns := make([]Pattern, len(r.Protect))
	for i, protection := range r.Protect {
		patterns[i] = protection.Pattern
	}
	set := newPatternSet(patterns)
	var found []Finding
	for i := range p.Changes {
		c := &p.Changes[i]
		if what, by := r.protects(c, set); what != "" {
			found = append(found, Finding{
				Key: c.Key, Position: c.Position,
				Message: fmt.Sprintf("%s, but is protected by %s", what, Printable(by.String())),
				Hint:    "undo the change, or remove the protection",
			})
		}
	}
	return found
}

// protects says what a change would do that is protected from it, and by what, or nothing.
func (r Rails) protects(c *Change, set patternSet) (what string, by Protection) {
	here := set.of(c.Key)
	first := len(r.Protect)
	whole := map[int]bool{} // patterns that name the object itself say nothing of its fields
	here.each(func(i int) {
		p := r.Protect[i]
		whole[i] = true
		if i < first && (c.Action == Delete && p.Delete || c.Action == Update && p.Update) {
			first, by = i, p
			what = map[Action]string{Delete: "it would be deleted", Update: "it would be updated"}[c.Action]
		}
	})
	if c.Action == Create || c.Key.IsNamespace() || !here.mayMatchBelow() {
		return what, by
	}
	edits, _ := c.Edits(Sensitivity{})
	for _, e := range edits {
		deletes := e.Kind == Remove || c.Action == Delete
		e.reach(here, func(i int) {
			p := r.Protect[i]
			if i < first && !whole[i] && (deletes && p.Delete || !deletes && e.Kind != Add && p.Update) {
				first, by = i, p
				what = fmt.Sprintf("%s would be %s", Printable(e.Path.String()), map[bool]string{true: "deleted", false: "updated"}[deletes])
			}
		})
	}
	return what, by
}

// reach calls do with the patterns that name what an edit touches in a configuration: the
// field itself, something below it, or something that it is in.
func (e Edit) reach(at patternSet, do func(i int)) {
	for _, s := range e.Path {
		at = at.step(s)
		at.each(do)
	}
	if e.Before != nil {
		e.Before.reach(at, do)
	}
}

func (n *Node) reach(at patternSet, do func(i int)) {
	if !at.mayMatchBelow() {
		return
	}
	below := func(at patternSet, n *Node) {
		at.each(do)
		n.reach(at, do)
	}
	for i := range n.Fields {
		below(at.below(n.Fields[i].Name), &n.Fields[i].Value)
	}
	for i := range n.Items {
		below(at.item(i), &n.Items[i])
	}
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
			Hint:    fmt.Sprintf("use --delete-percent %d if that is intended", percent),
		})
	}
	return found
}
