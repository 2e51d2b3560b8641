package plan

import "strings"

// Recorded are the ACLs in a backup. A restore uses them for objects without a declared
// ACL.
type Recorded struct {
	// Lists are the ACLs by key; the zero Key is the root. A nil ACL is unknown: then
	// only the user who restores gets access.
	Lists map[Key]Access
	// Needs are the permissions on an object that the other steps of the restore need.
	Needs map[Key]string
	Who   []string // IDs of the user who restores, as in ACLs
	// Set are the ACLs to set on existing objects.
	Set map[Key]Access
}

// set returns the ACL to set on an existing object.
func (r *Recorded) set(k Key) (Access, bool) {
	if r == nil {
		return nil, false
	}
	access, ok := r.Set[k]
	return access, ok
}

// of returns the ACL to create an object with. It also reports whether the ACL from the
// backup must still be set afterwards.
func (r *Recorded) of(k Key) (made Access, last, known bool) {
	if r == nil {
		return nil, false, false
	}
	list, known := r.Lists[k]
	switch {
	case !known || list == nil && len(r.Who) == 0:
		return nil, false, false
	case list == nil:
		return own(r.Who, ""), false, true
	}
	made, last = list.making(r.Needs[k], r.Who)
	return made, last, known
}

// making returns the ACL to create a znode with. It is a itself if a grants who the
// permissions in needs. Otherwise it is a plus entries for who, and last is true: the
// caller must set a at the end.
func (a Access) making(needs string, who []string) (made Access, last bool) {
	if has, _ := a.For(Who{IDs: who}); without(needs, has) == "" {
		return a, false
	}
	made = append(made, a...)
	return append(made, own(who, ordered(needs+"ra"))...), true
}

// Granting returns the ACL. If the ACL does not grant who the permissions in needs,
// Granting adds entries for who.
func (a Access) Granting(needs string, who []string) Access {
	made, _ := a.making(needs, who)
	return made
}

// own returns entries that grant who all permissions. If who is empty, it grants the
// given permissions to everybody. Entries with digest come first, because a server may
// not support other schemes.
func own(who []string, rights string) (list Access) {
	for _, digest := range []bool{true, false} {
		for _, w := range who {
			if strings.HasPrefix(w, "digest:") == digest {
				list = append(list, w+":cdrwa")
			}
		}
		if list != nil {
			return list
		}
	}
	return Access{"world:anyone:" + rights}
}

// opensNot reports whether everybody who can read with a could already read with
// before.
func (a Access) opensNot(before Access) bool {
	had := before.rights()
	for who, rights := range a.rights() {
		if strings.Contains(rights, "r") && !strings.Contains(had["world:anyone"]+had[who], "r") {
			return false
		}
	}
	return true
}
