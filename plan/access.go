package plan

import (
	"slices"
	"strings"
)

// Access is an access list of a ZooKeeper, an entry each: scheme:id:rights, as in
// world:anyone:cdrwa. The rights are to create below it, to delete below it, to read,
// to write, and to administer: to see and set the list itself.
//
// An entry digest:user:x is one whose password the server hides.
type Access []string

// LiveAccess is an access list as a target holds it.
type LiveAccess struct {
	List    Access
	Version int32 // of the list: how often it was set
}

// AccessRule says what the access list is of what a pattern names. Of several rules
// that name something the last one counts.
type AccessRule struct {
	Pattern  Pattern
	Root     bool // it is of the root, and has no pattern
	Access   Access
	Text     []string // as it is declared: what refers to a password has no hash of it
	Position Position
}

func (r AccessRule) names(k Key) bool {
	if k == (Key{}) {
		return r.Root
	}
	return !r.Root && r.Pattern.MatchKey(k)
}

// AccessChange sets the access list of something that is there. ZooKeeper sets none in
// a transaction, so each is a step of its own.
type AccessChange struct {
	Key           Key // the zero Key is the root
	Before, After Access
	Version       int32 // of the list before
	Position      Position
	Recorded      bool // it is not declared, but what a backup has
}

// Depth returns how far below the root the object is.
func (c AccessChange) Depth() int {
	switch {
	case c.Key == (Key{}):
		return 0
	case c.Key.IsNamespace():
		return 1
	}
	return 2
}

// entry takes an entry apart: whom it is for, and the rights.
func entry(text string) (who, rights string) {
	at := strings.LastIndexByte(text, ':')
	return text[:max(at, 0)], text[at+1:]
}

// rights returns who has which. Entries for the same add up.
func (a Access) rights() map[string]string {
	all := map[string]string{}
	for _, text := range a {
		who, rights := entry(text)
		for _, r := range rights {
			if !strings.ContainsRune(all[who], r) {
				all[who] += string(r)
			}
		}
	}
	for who, rights := range all {
		all[who] = ordered(rights)
	}
	return all
}

// ordered returns rights in the order in which they are written.
func ordered(rights string) string {
	out := ""
	for _, r := range "cdrwa" {
		if strings.ContainsRune(rights, r) {
			out += string(r)
		}
	}
	return out
}

// HiddenHash is what stands, after a user's name, for the hash of a password that is not
// known.
const HiddenHash = ":x"

// Same reports whether two access lists give the same rights to the same. A password
// that the server hides is taken for the one that it is compared with.
func (a Access) Same(b Access) bool {
	one, two := a.rights(), b.rights()
	reveal(one, two)
	reveal(two, one)
	if len(one) != len(two) {
		return false
	}
	for who, rights := range one {
		if two[who] != rights {
			return false
		}
	}
	return true
}

// reveal gives a user whose password is hidden the one that other has for it.
func reveal(all, other map[string]string) {
	for who, rights := range all {
		if !isHidden(who) {
			continue
		}
		for known := range other {
			if !isHidden(known) && userOf(known) == userOf(who) {
				delete(all, who)
				all[known] = rights
			}
		}
	}
}

func isHidden(who string) bool {
	return strings.HasPrefix(who, "digest:") && strings.HasSuffix(who, HiddenHash)
}

// userOf returns whom an entry is for without the hash of a password.
func userOf(who string) string {
	if name, ok := strings.CutPrefix(who, "digest:"); ok {
		if at := strings.LastIndexByte(name, ':'); at >= 0 {
			return "digest:" + name[:at]
		}
	}
	return who
}

// Shown returns an access list as it is shown: the hashes of passwords, at which
// one could guess, are left out.
func (a Access) Shown() []string {
	shown := make([]string, 0, len(a))
	for _, text := range a {
		who, rights := entry(text)
		shown = append(shown, userOf(who)+":"+rights)
	}
	return shown
}

// rule returns the rule for an object, or nil.
func (o Options) rule(k Key) *AccessRule {
	for i := len(o.Access) - 1; i >= 0; i-- {
		if o.Access[i].names(k) {
			return &o.Access[i]
		}
	}
	return nil
}

// HasAccess reports whether the access list of an object is declared, or counts for
// what is made below it.
func (o Options) HasAccess(k Key) bool { return o.rule(k) != nil }

// access adds what the access lists are to be: what is created is created with its
// own, and what is there gets another. What is created and has none declared, and none
// recorded, takes the one that is declared for what it is in, and without that its
// parent's.
func (d *diff) access(desired *Tree, live *Snapshot) {
	gone := map[Key]bool{}
	made := map[Key]Access{}
	root := d.opts.rule(Key{})
	var lasts []AccessChange // of what is created
	recorded := func(k Key) (Access, bool) {
		made, last, known := d.opts.Recorded.of(k)
		if last && !d.opts.Recorded.Mended {
			lasts = append(lasts, AccessChange{Key: k, Before: made, After: d.opts.Recorded.Lists[k], Recorded: true})
		}
		return made, known
	}
	if !live.Exists {
		if root != nil {
			d.plan.Root = root.Access
		} else if len(d.plan.Changes) > 0 {
			d.plan.Root, _ = recorded(Key{})
		}
	}
	for i := range d.plan.Changes {
		c := &d.plan.Changes[i]
		if c.Action == Delete {
			gone[c.Key] = true
		}
		if c.Action != Create {
			continue
		}
		above := Key{Namespace: c.Key.Namespace}
		_, fresh := made[above]
		rule := d.opts.rule(c.Key)
		if rule == nil {
			c.Access, c.Recorded = recorded(c.Key)
		}
		switch {
		case rule != nil:
			c.Access = rule.Access
		case c.Recorded:
		case c.Key.IsNamespace() && root != nil:
			c.Access = root.Access
		case c.Key.IsNamespace():
		case fresh:
			c.Access = made[above]
		default:
			if rule := d.opts.rule(above); rule != nil {
				c.Access = rule.Access
			}
		}
		if c.Key.IsNamespace() {
			made[c.Key] = c.Access
		}
	}
	// From the bottom up: a parent may close itself.
	d.plan.Access = append(d.plan.Access, lasts...)
	defer func() {
		slices.SortStableFunc(d.plan.Access, func(a, b AccessChange) int { return b.Depth() - a.Depth() })
	}()
	if d.opts.OnlyNew {
		return
	}
	set := func(k Key) {
		if !d.part.whole(k) {
			return
		}
		rule := d.opts.rule(k)
		if now, ok := live.Access[k]; ok && rule != nil && !gone[k] && !rule.Access.Same(now.List) {
			d.plan.Access = append(d.plan.Access, AccessChange{Key: k, Before: now.List, After: rule.Access, Version: now.Version, Position: rule.Position})
		}
	}
	declared := map[string]bool{}
	for _, ns := range desired.Namespaces {
		declared[ns.Name] = true
	}
	for _, ns := range live.Namespaces {
		if !declared[ns.Name] || ns.Ephemeral || !d.opts.Selection.Namespace(ns.Name) {
			continue
		}
		set(Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			if !c.Ephemeral && d.opts.Selection.Config(ns.Name, c.Name) {
				set(Key{ns.Name, c.Name})
			}
		}
	}
	if s := d.opts.Selection; d.part.all && len(s.Namespaces) == 0 && (s.only == nil || s.only[""]) {
		set(Key{})
	}
}

// NamesNothing returns the rules that are about nothing in a tree: a name in them may be
// misspelt, and what it means is open.
func NamesNothing(rules []AccessRule, tree *Tree) []Finding {
	var found []Finding
	for _, r := range rules {
		if !r.Root && !slices.ContainsFunc(tree.Namespaces, func(ns Namespace) bool {
			return r.names(Key{Namespace: ns.Name}) ||
				slices.ContainsFunc(ns.Configs, func(c Config) bool { return r.names(Key{ns.Name, c.Name}) })
		}) {
			found = append(found, Finding{
				Position: r.Position, Message: "this ACL matches nothing in the tree: " + Quote(r.Pattern.String()),
				Hint: "check its names, or remove it",
			})
		}
	}
	return found
}

// SetsAccess reports whether a plan gives something another access list than it would
// have by itself.
func (p *Plan) SetsAccess() bool {
	return len(p.Access) > 0 || slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action == Create && c.Access != nil })
}

// Lockouts returns the access lists of a plan that would take rights from who applies
// it, and which; or may do so, as far as is known who that is.
func (p *Plan) Lockouts(who Who) []Finding {
	var found []Finding
	add := func(k Key, position Position, recorded bool, verb, lost, perhaps string) {
		from, hint := "declared for ", "apply it with credentials that keep the permission, add them to the ACL, or use --allow-lockout"
		if recorded {
			from, hint = "that the backup has for ", "restore it with credentials that keep the permission, or use --allow-lockout"
		}
		switch {
		case lost == "" && perhaps == "":
			return
		case lost != "":
			verb = "would " + verb
		default:
			verb, lost = "may "+verb, perhaps
			if !who.Told {
				hint = "use --allow-lockout if the ACL includes you: servers before 3.7 do not tell which address and certificate they see"
			}
		}
		found = append(found, Finding{
			Key: k, Position: position, Hint: hint,
			Message: "the ACL " + from + objectName(k) + " " + verb + " you " + rightsInWords(lost),
		})
	}
	lacks := func(needed string, list Access, recorded bool) (lost, perhaps string) {
		has, may := list.For(who)
		if recorded {
			return without(recoverable(needed, has+may), has+may), without(recoverable(needed, has), has)
		}
		return without(needed, has+may), without(needed, has)
	}
	for _, c := range p.Access {
		lost, perhaps := who.loses(c.Before, c.After)
		if c.Recorded {
			lost, perhaps = lacks("cdr", c.After, true)
		}
		add(c.Key, c.Position, c.Recorded, "deny", lost, perhaps)
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action != Create || c.Access == nil {
			continue
		}
		needed := "rw"
		if c.Key.IsNamespace() {
			needed = "cdr"
		}
		lost, perhaps := lacks(needed, c.Access, c.Recorded)
		add(c.Key, c.Position, c.Recorded, "deny", lost, perhaps)
	}
	return found
}

// recoverable returns which of the rights that are needed can't be lacked: who may
// administer may have the others, and what is restored is read again.
func recoverable(needed, has string) string {
	if strings.Contains(has, "a") {
		return "r"
	}
	return needed
}

// Blinds reports whether an access list in a plan keeps who applies it from reading
// again what it is of.
func (p *Plan) Blinds(who Who) bool {
	blind := func(list Access) bool {
		has, may := list.For(who)
		return list != nil && !strings.Contains(has+may, "r")
	}
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Recorded && blind(c.Access) }) ||
		slices.ContainsFunc(p.Access, func(c AccessChange) bool { return c.Recorded && blind(c.After) })
}

// Unsettable returns the access lists of a plan that who applies it has no right to
// set, as far as that can be told.
func (p *Plan) Unsettable(who Who) []Finding {
	var found []Finding
	for _, c := range p.Access {
		if has, may := c.Before.For(who); !strings.Contains(has+may, "a") {
			found = append(found, Finding{
				Key: c.Key, Position: c.Position,
				Message: "the ACL of " + objectName(c.Key) + " is not as declared, and you do not have permission to administer it",
				Hint:    "apply it with credentials that have the permission (a), or remove the declaration from acl",
			})
		}
	}
	return found
}

// objectName names an object by its path below the root.
func objectName(k Key) string { return Printable("/" + k.String()) }

func without(rights, these string) string {
	out := ""
	for _, r := range rights {
		if !strings.ContainsRune(these, r) {
			out += string(r)
		}
	}
	return out
}

// rightsInWords returns "permission to read and write".
func rightsInWords(rights string) string {
	words := map[rune]string{'c': "create", 'd': "delete", 'r': "read", 'w': "write", 'a': "administer"}
	var all []string
	for _, r := range rights {
		all = append(all, words[r])
	}
	return "permission to " + Both(all)
}
