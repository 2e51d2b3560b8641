package render

import (
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// Kept is an object that is not in the source and stays at the target. If Reason is
// set, it is a field or configuration that a promotion keeps.
type Kept struct {
	Object
	Field   string  `json:"field,omitempty"`   // empty for a complete configuration
	Reason  string  `json:"reason,omitempty"`  // keep, secret, reference or overlay
	Pattern string  `json:"pattern,omitempty"` // for keep
	Of      string  `json:"of,omitempty"`      // for overlay: its environment
	Source  *Source `json:"source,omitempty"`  // the place of a reference or in an overlay
	Equal   bool    `json:"equal,omitempty"`   // both sides have the same value
}

// SetKept replaces the objects in the report that a promotion keeps.
func (r *Report) SetKept(kept []plan.Kept) {
	r.Kept = slices.DeleteFunc(r.Kept, func(k Kept) bool { return k.Reason != "" })
	for _, k := range kept {
		r.Kept = append(r.Kept, Kept{
			Object: object(k.Key), Field: k.Path.String(), Reason: string(k.Why), Pattern: k.Pattern, Of: k.Of, Source: source(k.Position),
			Equal: k.Equal,
		})
	}
}

// why says why a field is kept.
func (k Kept) why() string {
	switch {
	case k.Pattern != "":
		return "keep pattern " + plan.Printable(k.Pattern)
	case k.Source != nil:
		return k.reason() + ", " + Place(k.Source)
	}
	return k.reason()
}

// reason returns the reason, with the environment whose overlay it is.
func (k Kept) reason() string {
	if k.Of != "" {
		return k.Reason + " of " + plan.Printable(k.Of)
	}
	return k.Reason
}

func (k Kept) title() string {
	if k.Field == "" {
		return k.Object.title()
	}
	return k.Object.title() + ": " + plan.Printable(k.Field)
}

// undeclared returns the objects that are not in the source. promoted returns those
// that a promotion keeps.
func undeclared(all []Kept) []Kept { return where(all, func(k Kept) bool { return k.Reason == "" }) }
func promoted(all []Kept) []Kept   { return where(all, func(k Kept) bool { return k.Reason != "" }) }

// undeclaredTitle is the heading of the undeclared objects. It names the flag that deletes
// them, if the run has not used it.
func (r *Report) undeclaredTitle() string {
	const title = "Not in the source, not changed"
	isNamespace := func(k Kept) bool { return k.Configuration == nil }
	switch {
	case r.Prune == "" || r.Prune == "namespaces":
		return title
	case slices.ContainsFunc(undeclared(r.Kept), isNamespace):
		return title + " (use --prune namespaces to delete them)"
	}
	return title + " (use --prune configurations to delete them)"
}

// different returns what a promotion keeps of which the two sides have different values. rest
// says how much else it keeps; it is empty for nothing.
func different(all []Kept) (some []Kept, rest string) {
	some = where(promoted(all), func(k Kept) bool { return !k.Equal })
	equal := where(promoted(all), func(k Kept) bool { return k.Equal })
	switch {
	case len(equal) == 0:
		return some, ""
	case len(equal) == 1:
		return some, keptAmount(equal) + " with the same value on both sides"
	}
	return some, keptAmount(equal) + " with the same values on both sides"
}

func where(all []Kept, is func(Kept) bool) (some []Kept) {
	for _, k := range all {
		if is(k) {
			some = append(some, k)
		}
	}
	return some
}

// keptCount returns a sentence with the number of kept fields and configurations, or
// "".
func keptCount(r *Report) string {
	some, rest := different(r.Kept)
	switch {
	case len(some) == 0 && rest == "":
		return ""
	case len(some) == 0:
		return " Kept: " + rest + "."
	case rest == "":
		return " Kept: " + keptAmount(some) + "."
	}
	return " Kept: " + keptAmount(some) + "; " + rest + "."
}

// keptAmount counts namespaces, configurations and fields.
func keptAmount(kept []Kept) string {
	var parts []string
	count := func(noun string, is func(Kept) bool) {
		if n := len(where(kept, is)); n > 0 {
			parts = append(parts, plural(n, noun))
		}
	}
	count("namespace", func(k Kept) bool { return k.Configuration == nil })
	count("configuration", func(k Kept) bool { return k.Configuration != nil && k.Field == "" })
	count("field", func(k Kept) bool { return k.Field != "" })
	if last := len(parts) - 1; last > 0 {
		return strings.Join(parts[:last], ", ") + " and " + parts[last]
	}
	return parts[0]
}
