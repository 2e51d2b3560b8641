package plan

import (
	"net/netip"
	"slices"
	"strings"
)

// Who is a user, identified as in ACLs. The zero Who may be anyone.
type Who struct {
	IDs []string // such as digest:me:HASH, x509:CN=me, ip:10.0.0.7
	// Told says that IDs are complete, because the server reported them. Otherwise only
	// the digest IDs are complete, and entries for addresses or certificates may apply
	// to the user.
	Told  bool
	Super bool // a superuser, whom no ACL restricts
}

// For returns the permissions that an ACL grants to who. may are the permissions of
// entries that possibly apply to who.
func (a Access) For(who Who) (has, may string) {
	if who.Super {
		return "cdrwa", ""
	}
	for _, text := range a {
		whom, rights := entry(text)
		switch is, perhaps := who.is(whom, rights); {
		case is:
			has += rights
		case perhaps:
			may += rights
		}
	}
	return ordered(has), ordered(may)
}

// is reports whether an entry applies to the user, and perhaps whether it possibly
// does.
func (w Who) is(whom, rights string) (is, perhaps bool) {
	scheme, id, _ := strings.Cut(whom, ":")
	switch {
	case whom == "world:anyone", slices.Contains(w.IDs, whom):
		return true, false
	case isHidden(whom):
		// The hash would be visible to the user if they had the admin permission with
		// the right password.
		same := func(id string) bool { return userOf(id) == userOf(whom) }
		return false, !strings.Contains(rights, "a") && slices.ContainsFunc(w.IDs, same)
	case scheme == "digest", scheme == "world":
		return false, false
	case scheme == "ip":
		network, ok := networkOf(id)
		if !ok || !w.Told {
			return false, true
		}
		return slices.ContainsFunc(w.IDs, func(id string) bool {
			address, isAddress := strings.CutPrefix(id, "ip:")
			at, err := netip.ParseAddr(address)
			return isAddress && err == nil && network.Contains(at.WithZone("").Unmap())
		}), false
	}
	return false, !w.Told
}

// networkOf parses an address, or a network as in 10.0.0.0/8.
func networkOf(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.WithZone("").Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	return network, err == nil
}

// loses returns the permissions that before grants and after does not, and those where
// this is possible. An entry that possibly applies counts in before. In after, it
// counts only for the permissions that it granted in before.
func (w Who) loses(before, after Access) (lost, perhaps string) {
	had, _ := before.For(w)
	has, may := after.For(w)
	lost, perhaps = without(had, has+may), without(had, has)
	for _, text := range before {
		whom, rights := entry(text)
		if _, unsure := w.is(whom, rights); unsure && !w.Super {
			perhaps += without(rights, has+after.covering(whom))
		}
	}
	return ordered(lost), ordered(perhaps)
}

// covering returns the permissions of all entries that include whom.
func (a Access) covering(whom string) (all string) {
	for _, text := range a {
		if who, rights := entry(text); who == whom || contains(who, whom) {
			all += rights
		}
	}
	return all
}

// contains reports whether the network of who contains the network of whom.
func contains(who, whom string) bool {
	outer, ok := strings.CutPrefix(who, "ip:")
	inner, also := strings.CutPrefix(whom, "ip:")
	if !ok || !also {
		return false
	}
	a, ok := networkOf(outer)
	b, also := networkOf(inner)
	return ok && also && a.Bits() <= b.Bits() && a.Contains(b.Addr())
}
