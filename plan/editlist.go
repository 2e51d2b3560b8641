package plan

import "slices"

// compareLists compares lists by element: by the elements' names if they have
// such, or else by what they are.
func (d *differ) compareLists(path Path, before, after *Node) {
	if field := identity(before.Items, after.Items); field != "" {
		d.compareNamed(path, field, before.Items, after.Items)
	} else {
		d.compareUnnamed(path, before.Items, after.Items)
	}
}

// identities are the fields that may name the elements of a list.
var identities = []string{"name", "id", "key"}

// identity returns the field that names the elements of both lists: every
// element has it, it may be shown, and no two have the same. It is empty when
// there is none.
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

// compareNamed compares elements that have the same name. Of those that both
// lists have, as many as can stay; the others move.
func (d *differ) compareNamed(path Path, field string, was, is []Node) {
	at := make(map[string]int, len(is)) // where in is
	for j := range is {
		at[is[j].Field(field).Canonical()] = j
	}
	step := func(items []Node, i int) Path {
		return path.With(Item(i).Named(field, items[i].Field(field).Text))
	}
	from := make(map[int]int, len(is)) // where in was, by where in is
	var common []int                   // indices in is, in the order of was
	for i := range was {
		j, ok := at[was[i].Field(field).Canonical()]
		if !ok {
			d.edits = append(d.edits, Edit{Path: step(was, i), Kind: Remove, Before: &was[i]})
			continue
		}
		from[j] = i
		common = append(common, j)
	}
	stays := longestIncreasing(common)
	for j := range is {
		i, ok := from[j]
		if !ok {
			d.edits = append(d.edits, Edit{Path: step(is, j), Kind: Add, After: &is[j]})
			continue
		}
		if !stays[j] {
			d.edits = append(d.edits, Edit{Path: step(was, i), Kind: Move, Before: &was[i], After: &is[j], To: j})
			if was[i].Equal(is[j]) {
				continue
			}
		}
		d.compare(step(was, i), &was[i], &is[j])
	}
}

// longestIncreasing returns the numbers of a longest increasing subsequence.
func longestIncreasing(numbers []int) map[int]bool {
	var ends []int // indices of the smallest number that ends a sequence of each length
	previous := make([]int, len(numbers))
	for i, n := range numbers {
		length, _ := slices.BinarySearchFunc(ends, n, func(end, n int) int { return numbers[end] - n })
		previous[i] = -1
		if length > 0 {
			previous[i] = ends[length-1]
		}
		if length == len(ends) {
			ends = append(ends, i)
		} else {
			ends[length] = i
		}
	}
	members := make(map[int]bool, len(ends))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = previous[i] {
			members[numbers[i]] = true
		}
	}
	return members
}

// compareUnnamed keeps the longest common subsequence of the two lists. Of what
// is left, equal elements have moved. Between two elements that stay, the others
// that went and that came are compared in pairs, and those that have no pair
// were removed or added.
func (d *differ) compareUnnamed(path Path, was, is []Node) {
	x, y := canonicalAll(was), canonicalAll(is)
	matches := commonElements(x, y)
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
			d.compare(path.With(Item(went[k])), &was[went[k]], &is[came[k]])
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

// moves finds equal elements among those that matches leaves: where each goes,
// and what comes from elsewhere.
func moves(x, y []string, matches [][2]int) (to map[int]int, from map[int]bool) {
	stays, stayed := make([]bool, len(x)), make([]bool, len(y))
	for _, m := range matches {
		stays[m[0]], stayed[m[1]] = true, true
	}
	free := map[string][]int{}
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

// maxMatrix bounds the work on two long lists that differ everywhere, in cells.
const maxMatrix = 1 << 22

// commonElements returns the index pairs of a longest common subsequence. In
// lists too long for that, what is there more than once is common at both ends
// only.
func commonElements(x, y []string) [][2]int {
	var matches [][2]int
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		matches = append(matches, [2]int{head, head})
		head++
	}
	tail := 0
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	midX, midY := x[head:len(x)-tail], y[head:len(y)-tail]
	common := longestCommon
	if len(midX)*len(midY) > maxMatrix {
		common = uniqueCommon
	}
	for _, m := range common(midX, midY) {
		matches = append(matches, [2]int{head + m[0], head + m[1]})
	}
	for k := tail; k > 0; k-- {
		matches = append(matches, [2]int{len(x) - k, len(y) - k})
	}
	return matches
}

// uniqueCommon returns the longest common subsequence of what both have once.
func uniqueCommon(x, y []string) [][2]int {
	inX, inY := unique(x), unique(y)
	var both []int // indices in y, in the order of x
	for i := range x {
		if j, ok := inY[x[i]]; ok && j >= 0 && inX[x[i]] == i {
			both = append(both, j)
		}
	}
	var matches [][2]int
	stays := longestIncreasing(both)
	for _, j := range both {
		if stays[j] {
			matches = append(matches, [2]int{inX[y[j]], j})
		}
	}
	return matches
}

// unique returns where elements are: -1 for those that are there more than once.
func unique(items []string) map[string]int {
	at := make(map[string]int, len(items))
	for i, item := range items {
		if _, again := at[item]; again {
			i = -1
		}
		at[item] = i
	}
	return at
}

func longestCommon(x, y []string) [][2]int {
	if len(x) == 0 || len(y) == 0 {
		return nil
	}
	// lengths[i][j] is the length of the longest common subsequence of x[i:]
	// and y[j:].
	width := len(y) + 1
	lengths := make([]int32, (len(x)+1)*width)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				lengths[i*width+j] = lengths[(i+1)*width+j+1] + 1
			} else {
				lengths[i*width+j] = max(lengths[(i+1)*width+j], lengths[i*width+j+1])
			}
		}
	}
	var matches [][2]int
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			matches = append(matches, [2]int{i, j})
			i, j = i+1, j+1
		case lengths[(i+1)*width+j] >= lengths[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return matches
}

func canonicalAll(items []Node) []string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = items[i].Canonical()
	}
	return texts
}
