package source

import (
	"slices"

	"github.com/confo-sync/confo-sync/plan"
)

// doubtful returns the finding of a change that is not made, because it might give
// a reference to another element of a list, or would write in plain text what a
// reference stands for, or what is marked; nil for none.
func (r *reviser) doubtful(key plan.Key, s *settling, slots []*draft, files []*layerFile, settled []*draft, want *plan.Node) *plan.Finding {
	f := plan.Finding{Key: key, Hint: "edit the file by hand, then pull again"}
	d := s.doubt
	switch {
	case want == nil:
		return nil
	case d != nil && d.fixed && !isReference(d.at()):
		f.Message = "the configuration was not changed: it is not clear which element of the live list has the value that SOPS encrypted here"
		f.Hint = "edit the file with sops, then pull again"
	case d != nil:
		f.Message = "the configuration was not changed: it is not clear which element of the live list has the value of this " + d.at().Tag
	default:
		if slices.ContainsFunc(slots, s.facts.holdsSecret) {
			have := s.facts.overlaidAll(slots)
			if d = newGuard(slices.Concat(slots, s.seals.made())).exposed(settled, secretTexts(key, want, have), moved(have, want)); d == nil {
				d = inJSON(settled, files)
			}
		}
		if d == nil {
			if f.Position = r.elsewhere().exposed(settled); f.Position.File == "" {
				return nil
			}
		}
		f.Message = "the configuration was not changed: the change would write this value in plain text elsewhere"
	}
	if d != nil {
		f.Position = positionOf(s.seals.original(d), slots, files)
	}
	return &f
}

// moved returns what reports whether a text is in a new value no more often than it was.
func moved(have, want *plan.Node) func(text string) bool {
	counts := map[string]int{}
	count := func(n *plan.Node, by int) {
		if n != nil {
			n.EachTrait(0, func(_ plan.Trait, leaf plan.Node) { counts[leaf.Text] += by })
		}
	}
	count(want, 1)
	count(have, -1)
	return func(text string) bool { return counts[text] <= 0 }
}

// inJSON returns a reference that a JSON file would have to hold, which can't.
func inJSON(settled []*draft, files []*layerFile) (found *draft) {
	for i, d := range settled {
		if d == nil || files[i] == nil || !files[i].json {
			continue
		}
		d.everywhere(0, func(_ plan.Place, d *draft) {
			if d.fixed {
				found = d
			}
		})
	}
	return found
}

// secretTexts returns the texts of values that their names and forms say are secret.
func secretTexts(key plan.Key, values ...*plan.Node) map[string]bool {
	texts := map[string]bool{}
	for _, n := range values {
		if n == nil || n.Kind != plan.Object && n.Kind != plan.List {
			continue
		}
		marked, err := plan.Sensitivity{}.Parse(key, plan.Encode(*n))
		if err != nil {
			continue
		}
		marked.EachTrait(0, func(_ plan.Trait, leaf plan.Node) {
			if leaf.Sensitive {
				texts[leaf.Text] = true
			}
		})
	}
	return texts
}
