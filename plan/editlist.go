package plan

import "github.com/confo-sync/confo-sync/plan/lcs"

// compareLists compares lists by the names of their elements, or without names by the
// elements' values.
func (d *differ) compareLists(path Path, before, after *Node) {
	if field := identity(before.Items, after.Items); field != "" {
		d.compareNamed(path, field, before.Items, after.Items)
	} else {
		d.compareUnnamed(path, before.Items, after.Items)
	}
}

// identities are the fields that may name the elements of a list.
var identities = []string{"name", "id", "key"}

// identity returns the field that names the elements of both lists, or "". Each element
// must have the field, the field must not be sensitive, and its values must be unique.
func identity(was, is []Node) string {
	for _, field := range identities {
		if isIdentity(field, was) && isIdentity(field, is) {
			return field
		}
	}
	return ""
}

func isIdentity(field string, items []Node) bool {
	seen := make(map[string]bool, len(items))
	for i := range items {
		if items[i].Kind != Object {
			return false
		}
		name := items[i].Field(field)
		if name == nil || name.Sensitive || name.Kind != String && name.Kind != Integer || name.Text == "" {
			return false
		}
		canonical := name.Canonical()
		if seen[canonical] {
			return false
		}
		seen[canonical] = true
	}
	return true
}

// compareNamed compares elements that have the same name. As many common elements as
// possible stay in place; the others move.
func (d *differ) compareNamed(path Path, field string, was, is []Node) {
	at := make(map[string]int, len(is)) // index in is
	for j := range is {
		at[is[j].Field(field).Canonical()] = j
	}
	step := func(items []Node, i int) Step { return Item(i).Named(field, items[i].Field(field).Text) }
	from := make(map[int]int, len(is)) // index in was, by index in is
	var common []int                   // indexes in is, in the order of was
	for i := range was {
		j, ok := at[was[i].Field(field).Canonical()]
		if !ok {
			d.edits = append(d.edits, Edit{Path: path.With(step(was, i)), Kind: Remove, Before: &was[i]})
			continue
		}
		from[j] = i
		common = append(common, j)
	}
	stays := lcs.Increasing(common)
	for j := range is {
		i, ok := from[j]
		if !ok {
			d.edits = append(d.edits, Edit{Path: path.With(step(is, j)), Kind: Add, After: &is[j]})
			continue
		}
		if !stays[j] {
			d.edits = append(d.edits, Edit{Path: path.With(step(was, i)), Kind: Move, Before: &was[i], After: &is[j], To: j})
			if d.Same(&was[i], &is[j]) {
				continue
			}
		}
		d.compare(path, &was[i], &is[j], step(was, i))
	}
}

// compareUnnamed finds a common subsequence of the two lists, the longest one for short
// lists. Equal elements outside it have moved. Between two elements that stay, the
// other old and new elements are compared in pairs. Elements without a pair were
// removed or added.
func (d *differ) compareUnnamed(path Path, was, is []Node) {
	x, y := d.ofAll(was), d.ofAll(is)
	matches := lcs.Match(x, y)
	to, from := moves(x, y, matches)
	i, j := 0, 0
	for _, match := range append(matches, [2]int{len(was), len(is)}) {
		var went, came []int
		for ; i < match[0]; i++ {
			if j, moved := to[i]; moved {
				d.edits = append(d.edits, Edit{Path: path.With(Item(i)), Kind: Move, Before: &was[i], After: &is[j], To: j})
			} else {
				went = append(went, i)
			}
		}
		for ; j < match[1]; j++ {
			if !from[j] {
				came = append(came, j)
			}
		}
		pairs := min(len(went), len(came))
		for k := range pairs {
			d.compare(path, &was[went[k]], &is[came[k]], Item(went[k]))
		}
		for _, i := range went[pairs:] {
			d.edits = append(d.edits, Edit{Path: path.With(Item(i)), Kind: Remove, Before: &was[i]})
		}
		for _, j := range came[pairs:] {
			d.edits = append(d.edits, Edit{Path: path.With(Item(j)), Kind: Add, After: &is[j]})
		}
		if i < len(was) {
			d.unchanged++
		}
		i, j = i+1, j+1
	}
}

// moves finds equal elements that are not in matches. It returns their new index by old
// index, and the set of new indexes.
func moves(x, y []int, matches [][2]int) (to map[int]int, from map[int]bool) {
	stays, stayed := make([]bool, len(x)), make([]bool, len(y))
	for _, m := range matches {
		stays[m[0]], stayed[m[1]] = true, true
	}
	free := map[int][]int{}
	for j := range y {
		if !stayed[j] {
			free[y[j]] = append(free[y[j]], j)
		}
	}
	to, from = map[int]int{}, map[int]bool{}
	for i := range x {
		if js := free[x[i]]; !stays[i] && len(js) > 0 {
			to[i], from[js[0]] = js[0], true
			free[x[i]] = js[1:]
		}
	}
	return to, from
}
