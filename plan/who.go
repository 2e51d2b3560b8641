package plan

import (
	"net/netip"
	"slices"
	"strings"
)

// Who is somebody as access lists name them. The zero Who may be anyone.
type Who struct {
	IDs []string // as in digest:me:HASH, x509:CN=me, ip:10.0.0.7
	// Told says that a server has told them, so that these are all. Otherwise those of
	// digests are, and an address, a certificate and the like may be theirs.
	Told  bool
	Super bool // no list keeps anything from them
}

// For returns the rights that an access list gives to somebody, and those that it may
// give: by entries of which it is not known whether they are about them.
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

// is reports whether an entry with such rights is about somebody, or perhaps is.
func (w Who) is(whom, rights string) (is, perhaps bool) {
	scheme, id, _ := strings.Cut(whom, ":")
	switch {
	case whom == "world:anyone", slices.Contains(w.IDs, whom):
		return true, false
	case isHidden(whom):
		// To who administers with the right password it would not be hidden.
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

// networkOf reads an address, or a network as in 10.0.0.0/8.
func networkOf(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.WithZone("").Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	return network, err == nil
}

// loses returns the rights that one access list gives to somebody and another does not,
// and those of which that may be so. An entry that may be about them counts in the one
// before; in the one after only for what it gave them then.
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

// covering returns the rights of all who an entry is for.
func (a Access) covering(whom string) (all string) {
	for _, text := range a {
		if who, rights := entry(text); who == whom || contains(who, whom) {
			all += rights
		}
	}
	return all
}

// contains reports whether an entry is for a network that another's is a part of.
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
