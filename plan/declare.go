package plan

import (
	"maps"
	"slices"
	"strings"
)

// OpenAccess is the ACL that Confo gives to the znodes that it creates.
var OpenAccess = Access{"world:anyone:cdrwa"}

// DeclareAccess returns rules that declare the live ACLs of the root and of the
// namespaces that takes accepts. They must be added after the rules in have. left is
// what can't be declared. Objects with OpenAccess need no rule.
func DeclareAccess(live *Snapshot, have []AccessRule, takes func(namespace string) bool) (rules []AccessRule, left []Finding) {
	d := declaring{live: live, have: Options{Access: have}}
	if d.isWrong(Key{}) {
		d.rule(Key{}, "/")
	}
	// An ACL that all namespaces share needs only one rule.
	var common Access
	shared := len(have) == 0
	taken := 0
	for _, ns := range live.Namespaces {
		if !takes(ns.Name) || ns.Ephemeral {
			continue
		}
		taken++
		list, whole := d.dominant(keysOf(ns))
		shared = shared && whole && (common == nil || common.Same(list))
		common = list
	}
	if shared = shared && taken > 1; shared {
		d.add("**", false, common)
	}
	for _, ns := range live.Namespaces {
		if !takes(ns.Name) || ns.Ephemeral {
			continue
		}
		keys := keysOf(ns)
		list, whole := d.dominant(keys)
		if whole && !shared {
			d.rule(keys[0], ns.Name+"/**", list)
		}
		for _, k := range keys {
			if whole && !d.list(k).Same(list) || !whole && d.isWrong(k) {
				d.rule(k, k.String())
			}
		}
	}
	return d.rules, d.left
}

func keysOf(ns LiveNamespace) []Key {
	keys := []Key{{Namespace: ns.Name}}
	for _, c := range ns.Configs {
		if !c.Ephemeral {
			keys = append(keys, Key{ns.Name, c.Name})
		}
	}
	return keys
}

type declaring struct {
	live  *Snapshot
	have  Options
	rules []AccessRule
	left  []Finding
}

func (d *declaring) list(k Key) Access { return d.live.Access[k].List }

// isWrong reports whether the rules so far declare a different ACL than the live one of
// an object.
func (d *declaring) isWrong(k Key) bool {
	live, there := d.live.Access[k]
	if rule := d.have.rule(k); rule != nil {
		return there && !rule.Access.Same(live.List)
	}
	return there && !live.List.Same(OpenAccess)
}

// dominant returns the most frequent ACL in a namespace. It also reports whether one
// rule for this ACL plus rules for the exceptions is shorter than one rule for each
// object.
func (d *declaring) dominant(keys []Key) (Access, bool) {
	count := map[string]int{}
	wrong := 0
	for _, k := range keys {
		count[d.list(k).canonical()]++
		if d.isWrong(k) {
			wrong++
		}
	}
	most := slices.MaxFunc(slices.Sorted(maps.Keys(count)), func(a, b string) int { return count[a] - count[b] })
	others := len(keys) - count[most]
	for _, k := range keys {
		if d.list(k).canonical() == most {
			return d.list(k), 1+others < wrong || wrong > 0 && others == 0
		}
	}
	return nil, false
}

// canonical returns the same text for ACLs that grant the same permissions.
func (a Access) canonical() string {
	rights := a.rights()
	var all []string
	for who, r := range rights {
		all = append(all, who+":"+r)
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// rule adds a rule with the pattern, for the live ACL of an object or for the given
// ACL.
func (d *declaring) rule(k Key, pattern string, list ...Access) {
	access := d.list(k)
	if len(list) > 0 {
		access = list[0]
	}
	switch {
	case IsGlob(k.String()):
		d.leave(k, "its ACL can't be declared because its name would be read as a pattern", "rename it, or do not declare its ACL")
	case slices.ContainsFunc(access, func(text string) bool { who, _ := entry(text); return isHidden(who) }):
		d.leave(k, "its ACL can't be declared because the server hides a password hash in it", "use credentials with permission to administer it (a)")
	default:
		d.add(pattern, k == Key{}, access)
	}
}

func (d *declaring) leave(k Key, message, hint string) {
	d.left = append(d.left, Finding{Key: k, Message: message, Hint: hint})
}

func (d *declaring) add(pattern string, root bool, access Access) {
	rule := AccessRule{Root: root, Access: access}
	if !root {
		rule.Pattern, _ = ParsePattern(strings.ReplaceAll(pattern, "~", "~0")) // names have no empty levels
	}
	d.rules = append(d.rules, rule)
}
