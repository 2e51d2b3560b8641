package plan

import (
	"encoding/binary"
	"slices"
	"strings"
)

// MaxCompared is the number of levels to which values are compared, and located in
// files, field by field. Deeper values are shown as part of the value at this level.
// Without a limit, the paths of a small but deep value need gigabytes of memory.
const MaxCompared = 100

// Numbers gives equal values the same number, and different values different ones. It
// visits every list and object only once, from the bottom up. After that, values can be
// compared at each level in constant time. Numbers are stored by the address of a Node.
// The Node must not change, except for its marks. The zero value is ready to use.
type Numbers struct {
	byContent map[string]int
	byNode    map[*Node]int // of lists and objects
	visited   int           // number of visited nodes, for tests
}

// Of returns the number of a value.
func (x *Numbers) Of(n *Node) int {
	if x.byContent == nil {
		x.byContent, x.byNode = map[string]int{}, map[*Node]int{}
	}
	if number, ok := x.byNode[n]; ok {
		return number
	}
	x.visited++
	content := []byte{byte(n.Kind)}
	switch n.Kind {
	case Object:
		content = x.appendFields(content, n)
	case List:
		for i := range n.Items {
			content = binary.AppendUvarint(content, uint64(x.Of(&n.Items[i])))
		}
	case String:
		content = append(content, n.Text...) // AppendJSON would join surrogate pairs
	default:
		content = AppendJSON(content, *n)
	}
	number, ok := x.byContent[string(content)]
	if !ok {
		number = len(x.byContent)
		x.byContent[string(content)] = number
	}
	if !n.IsLeaf() {
		x.byNode[n] = number
	}
	return number
}

// appendFields appends the sorted names of an object's fields and the numbers of their
// values.
func (x *Numbers) appendFields(content []byte, n *Node) []byte {
	order := make([]int, len(n.Fields))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.Fields[a].Name, n.Fields[b].Name) })
	for _, i := range order {
		f := &n.Fields[i]
		content = binary.AppendUvarint(content, uint64(len(f.Name)))
		content = append(content, f.Name...)
		content = binary.AppendUvarint(content, uint64(x.Of(&f.Value)))
	}
	return content
}

// ofAll returns the numbers of a list's elements.
func (x *Numbers) ofAll(items []Node) []int {
	all := make([]int, len(items))
	for i := range items {
		all[i] = x.Of(&items[i])
	}
	return all
}

// Same reports whether two values are equal.
func (x *Numbers) Same(a, b *Node) bool { return a == b || x.Of(a) == x.Of(b) }
