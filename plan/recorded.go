package plan

import "strings"

// Recorded are the access lists that a backup has: what a restore creates is created
// with its own, where none is declared for it.
type Recorded struct {
	// Lists are by key, the root's under the zero Key. One of nil is not known: what
	// it is of is then for who restores alone.
	Lists map[Key]Access
	// Needs are the rights on something that the rest can't be done without.
	Needs map[Key]string
	Who   []string // restores it, as access lists name them
	// Set are the ACLs to set on what is there.
	Set map[Key]Access
	// Mended says that lists that have to wait are set by what Exactly returns.
	Mended bool
}

// set returns the ACL to set on something that is there.
func (r *Recorded) set(k Key) (Access, bool) {
	if r == nil {
		return nil, false
	}
	access, ok := r.Set[k]
	return access, ok
}

// of returns the list that something is created with, and whether the one that the
// backup has is still to be set then.
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

// making returns the access list that something is made with which is to have a: a itself
// if it leaves who makes it the rights that the rest needs. Otherwise it gives them to
// them too, and a has to be set at the end.
func (a Access) making(needs string, who []string) (made Access, last bool) {
	if has, _ := a.For(Who{IDs: who}); without(needs, has) == "" {
		return a, false
	}
	made = append(made, a...)
	return append(made, own(who, ordered(needs+"ra"))...), true
}

// own returns entries for who does something: all rights, and those of these for everybody
// where nobody is known. A server need not know any scheme but digest.
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

// opensNot reports whether a lets nobody read whom before did not.
func (a Access) opensNot(before Access) bool {
	had := before.rights()
	for who, rights := range a.rights() {
		if strings.Contains(rights, "r") && !strings.Contains(had["world:anyone"]+had[who], "r") {
			return false
		}
	}
	return true
}
