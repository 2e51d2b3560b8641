package plan

import (
	"slices"
	"strings"
)

// Access is the ACL of a znode. Each entry has the form scheme:id:permissions, as in
// world:anyone:cdrwa. The permissions are create and delete (of children), read, write,
// and admin (read and set the ACL itself).
//
// In an entry digest:user:x, the server hides the password hash.
type Access []string

// LiveAccess is the ACL of a znode at the target.
type LiveAccess struct {
	List    Access
	Version int32 // number of times that the ACL was set
}

// AccessRule declares the ACL of all objects that Pattern matches. If several rules
// match an object, the last one applies.
type AccessRule struct {
	Pattern  Pattern
	Root     bool // the rule is for the root and has no pattern
	Access   Access
	Text     []string // as declared: without the hashes of referenced passwords
	Position Position
}

func (r AccessRule) names(k Key) bool {
	if k == (Key{}) {
		return r.Root
	}
	return !r.Root && r.Pattern.MatchKey(k)
}

// entry takes an entry apart: whom it is for, and the rights.
func entry(text string) (who, rights string) {
	at := strings.LastIndexByte(text, ':')
	return text[:max(at, 0)], text[at+1:]
}

// rights returns the permissions by scheme:id. Several entries for the same ID are
// combined.
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

// ordered returns permissions in the order "cdrwa".
func ordered(rights string) string {
	out := ""
	for _, r := range "cdrwa" {
		if strings.ContainsRune(rights, r) {
			out += string(r)
		}
	}
	return out
}

// HiddenHash replaces the password hash after a user's name if the hash is unknown.
const HiddenHash = ":x"

// Same reports whether two ACLs grant the same permissions to the same users. A hidden
// password hash equals any hash of the same user.
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

// reveal replaces each hidden password hash in all by the hash that other has for the
// same user.
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

// userOf returns scheme:id without a password hash.
func userOf(who string) string {
	if name, ok := strings.CutPrefix(who, "digest:"); ok {
		if at := strings.LastIndexByte(name, ':'); at >= 0 {
			return "digest:" + name[:at]
		}
	}
	return who
}

// WithoutHashes returns an ACL in which all password hashes are hidden.
func (a Access) WithoutHashes() (hidden Access) {
	for _, text := range a {
		who, rights := entry(text)
		if user := userOf(who); user != who {
			who = user + HiddenHash
		}
		hidden = append(hidden, who+":"+rights)
	}
	return hidden
}

// Shown returns an ACL for display. It omits password hashes, because passwords can be
// guessed from them.
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

// HasAccess reports whether the ACL of an object is declared or recorded, or counts for
// what is made below it.
func (o Options) HasAccess(k Key) bool {
	_, recorded := o.Recorded.set(k)
	return recorded || o.rule(k) != nil
}

// ReadsAccess reports whether there are objects whose ACLs matter.
func (o Options) ReadsAccess() bool {
	return len(o.Access) > 0 || o.Recorded != nil && len(o.Recorded.Set) > 0
}

// access adds the ACLs to the plan. A created object gets its ACL when it is created.
// ACLs of existing objects are changed later. The ACL of a created object is, in this
// order: the declared one, the recorded one, the one of the new or declared parent, or
// nil for the parent's current one.
func (d *diff) access(desired *Tree, live *Snapshot) {
	gone := map[Key]bool{}
	made := map[Key]Access{}
	root := d.opts.rule(Key{})
	var lasts []Change // of what is created
	recorded := func(k Key) (Access, bool) {
		made, last, known := d.opts.Recorded.of(k)
		if last {
			lasts = append(lasts, Change{Key: k, Action: SetAccess, Old: Meta{Access: made}, New: Meta{Access: d.opts.Recorded.Lists[k]}, Recorded: true})
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
			c.New.Access, c.Recorded = recorded(c.Key)
		}
		switch {
		case rule != nil:
			c.New.Access = rule.Access
		case c.Recorded:
		case c.Key.IsNamespace() && root != nil:
			c.New.Access = root.Access
		case c.Key.IsNamespace():
		case fresh:
			c.New.Access = made[above]
		default:
			if rule := d.opts.rule(above); rule != nil {
				c.New.Access = rule.Access
			}
		}
		if c.Key.IsNamespace() {
			made[c.Key] = c.New.Access
		}
	}
	// Children come first, because their parent's new ACL may deny access to them.
	d.plan.Access = append(d.plan.Access, lasts...)
	defer func() {
		slices.SortStableFunc(d.plan.Access, func(a, b Change) int { return b.Depth() - a.Depth() })
	}()
	d.recorded(live, gone)
	if d.opts.OnlyNew {
		return
	}
	set := func(k Key) {
		if !d.part.whole(k) {
			return
		}
		rule := d.opts.rule(k)
		if now, ok := live.Access[k]; ok && rule != nil && !gone[k] && !rule.Access.Same(now.List) {
			d.plan.Access = append(d.plan.Access, Change{Key: k, Action: SetAccess, Old: Meta{Access: now.List, Version: now.Version}, New: Meta{Access: rule.Access}, Position: rule.Position})
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

// recorded sets ACLs of what is there as they are recorded.
func (d *diff) recorded(live *Snapshot, gone map[Key]bool) {
	set := func(k Key) {
		want, recorded := d.opts.Recorded.set(k)
		if now, ok := live.Access[k]; ok && recorded && d.part.whole(k) && !gone[k] && !want.Same(now.List) {
			d.plan.Access = append(d.plan.Access, Change{Key: k, Action: SetAccess, Old: Meta{Access: now.List, Version: now.Version}, New: Meta{Access: want}})
		}
	}
	for _, ns := range live.Namespaces {
		set(Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			set(Key{ns.Name, c.Name})
		}
	}
	set(Key{})
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

// SetsAccess reports whether a plan sets any ACL.
func (p *Plan) SetsAccess() bool {
	return len(p.Access) > 0 || slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action == Create && c.New.Access != nil })
}

// Lockouts returns the ACLs of a plan that would remove permissions from who, or may do
// so if it is not known which entries apply to who.
func (p *Plan) Lockouts(who Who) []Finding {
	var found []Finding
	add := func(k Key, position Position, recorded bool, verb, lost, perhaps string) {
		from, hint := "declared for ", "apply it with credentials that keep the permission, add them to the ACL, or use --allow-lockout"
		switch {
		case recorded:
			from, hint = "that the backup has for ", "restore it with credentials that keep the permission, or use --allow-lockout"
		case position == (Position{}):
			from, hint = "that the history has for ", "use credentials that keep the permission, or use --allow-lockout"
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
		lost, perhaps := who.loses(c.Old.Access, c.New.Access)
		if c.Recorded {
			lost, perhaps = lacks("cdr", c.New.Access, true)
		}
		add(c.Key, c.Position, c.Recorded, "deny", lost, perhaps)
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action != Create || c.New.Access == nil {
			continue
		}
		needed := "rw"
		if c.Key.IsNamespace() {
			needed = "cdr"
		}
		lost, perhaps := lacks(needed, c.New.Access, c.Recorded)
		add(c.Key, c.Position, c.Recorded, "deny", lost, perhaps)
	}
	return found
}

// recoverable returns the part of the needed permissions that has must contain. A user
// with the admin permission can grant the others. The read permission is always
// required to verify a restore.
func recoverable(needed, has string) string {
	if strings.Contains(has, "a") {
		return "r"
	}
	return needed
}

// Blinds reports whether a recorded ACL in a plan would prevent who from reading the
// object again.
func (p *Plan) Blinds(who Who) bool {
	blind := func(list Access) bool {
		has, may := list.For(who)
		return list != nil && !strings.Contains(has+may, "r")
	}
	return slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Recorded && blind(c.New.Access) }) ||
		slices.ContainsFunc(p.Access, func(c Change) bool { return c.Recorded && blind(c.New.Access) })
}

// Unsettable returns the ACL changes of a plan that who has no permission to make. It
// omits those where this is unknown.
func (p *Plan) Unsettable(who Who) []Finding {
	var found []Finding
	for _, c := range p.Access {
		if has, may := c.Old.Access.For(who); !strings.Contains(has+may, "a") {
			f := Finding{
				Key: c.Key, Position: c.Position,
				Message: "the ACL of " + objectName(c.Key) + " is not as declared, and you do not have permission to administer it",
				Hint:    "apply it with credentials that have the permission (a), or remove the declaration from acl",
			}
			if c.Position == (Position{}) {
				f.Message = "the ACL of " + objectName(c.Key) + " can't be set: you do not have permission to administer it"
				f.Hint = "use credentials that have the permission (a)"
			}
			found = append(found, f)
		}
	}
	return found
}

// objectName returns the path of an object below the root.
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

// rightsInWords returns text such as "permission to read and write".
func rightsInWords(rights string) string {
	words := map[rune]string{'c': "create", 'd': "delete", 'r': "read", 'w': "write", 'a': "administer"}
	var all []string
	for _, r := range rights {
		all = append(all, words[r])
	}
	return "permission to " + Both(all)
}
