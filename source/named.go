package source

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// namedLines are the lines of a file with values that the project's sensitive patterns
// name: excerpts show their keys only.
type namedLines struct {
	all   bool // any line may have such a value
	lines map[int]bool
}

func (n namedLines) has(line int) bool { return n.all || n.lines[line] }

// hide hides the values in an excerpt of a line.
func (n namedLines) hide(line int, excerpt string) string {
	if !n.has(line) {
		return excerpt
	}
	return maskAfter(excerpt, keyEnd(excerpt))
}

// named returns the lines of a file that patterns name. Of a file that can't be parsed, it is
// all of them if there are patterns.
func (d *document) named() namedLines {
	hides := d.references.Hides
	if !hides.HasPatterns() {
		return namedLines{}
	}
	reading := *d
	reading.notes = nil
	root, ok := reading.yamlRoot()
	if !ok {
		return namedLines{all: true}
	}
	found := namedLines{lines: map[int]bool{}}
	if root == nil {
		return found
	}
	if d.config != "" {
		found.add(root, root.Line, hides.Named(plan.Key{Namespace: d.namespace, Config: d.config}))
		return found
	}
	for i := 0; i+1 < len(root.Content) && root.Kind == yaml.MappingNode; i += 2 {
		key := plan.Key{Namespace: d.namespace, Config: root.Content[i].Value}
		found.add(root.Content[i+1], root.Content[i].Line, hides.Named(key))
	}
	return found
}

// add adds the lines of a value, whose key is on the line from, as far as they are named.
func (n namedLines) add(value *yaml.Node, from int, at plan.Named) {
	switch {
	case at.IsPublic() || !at.MayBeSensitive():
	case at.IsSensitive():
		for line := from; line <= lastLine(value); line++ {
			n.lines[line] = true
		}
	case value.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(value.Content); i += 2 {
			n.add(value.Content[i+1], value.Content[i].Line, at.Field(value.Content[i].Value))
		}
	case value.Kind == yaml.SequenceNode:
		for i, item := range value.Content {
			n.add(item, item.Line, at.Item(i))
		}
	}
}

// lastLine returns the last line of a value.
func lastLine(n *yaml.Node) int {
	last := n.Line + strings.Count(n.Value, "\n")
	for _, below := range n.Content {
		last = max(last, lastLine(below))
	}
	return last
}
