package plan

import (
	"fmt"
	"slices"
)

// Rails are the safety checks of a plan. They catch mistakes that would delete much
// more than intended. The user can override each of them.
type Rails struct {
	// DeletePercent is the maximum percentage of a namespace's configurations that one
	// plan may delete. It applies to namespaces with at least railsFrom configurations.
	DeletePercent int
	// Operation is rollback, restore or promote. It is empty for a plan of a tree.
	Operation string
	// AllowEmpty allows an empty tree.
	AllowEmpty bool
	// Protect lists objects and fields that must not be deleted or updated.
	Protect []Protection
}

// Protection forbids deleting or updating what a pattern matches.
type Protection struct {
	Pattern
	Delete, Update bool
}

// railsFrom is the smallest number of configurations for which a percentage is useful.
const railsFrom = 10

// Check returns the reasons to refuse a plan.
func (r Rails) Check(p *Plan, desired *Tree, live *Snapshot, sel Selection) []Finding {
	var found []Finding
	if r.isEmpty(p, desired, live) && !r.AllowEmpty {
		found = append(found, r.empty(sel))
	}
	return slices.Concat(found, unread(p, desired), r.protected(p), r.deletions(p, live))
}

// unread finds deletions of objects that the tree's folder may contain under a name
// that is not read. If the tree declares the namespace otherwise, unread considers only
// names similar to those that are read, because other files such as notes are common.
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

// isEmpty reports whether a tree is empty, or for another operation whether it would delete
// the last namespace of the target, whatever is selected.
func (r Rails) isEmpty(p *Plan, desired *Tree, live *Snapshot) bool {
	if r.Operation == "" {
		return len(desired.Namespaces) == 0
	}
	left, deletes := len(live.Namespaces)+live.Unselected, false
	for i := range p.Changes {
		switch c := &p.Changes[i]; {
		case !c.Key.IsNamespace():
		case c.Action == Create:
			left++
		case c.Action == Delete:
			left, deletes = left-1, true
		}
	}
	return deletes && left == 0
}

// empty returns the finding for an empty tree.
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

// protects returns the forbidden action of a change and its protection, or "".
func (r Rails) protects(c *Change, set patternSet) (what string, by Protection) {
	here := set.of(c.Key)
	first := len(r.Protect)
	whole := map[int]bool{} // patterns for the object itself do not apply to its fields
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

// reach calls do with the patterns that match an edited field, a value below it, or a
// parent within the configuration.
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

// deletions finds namespaces that lose too many configurations. Changes and namespaces
// are sorted.
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
		percent := (gone*100 + total - 1) / total // rounded up, so that the message names a sufficient limit
		found = append(found, Finding{
			Key:     Key{Namespace: ns.Name},
			Message: fmt.Sprintf("would delete %d of %d configurations (%d %%, limit %d %%)", gone, total, percent, r.DeletePercent),
			Hint:    fmt.Sprintf("use --delete-percent %d if that is intended", percent),
		})
	}
	return found
}
