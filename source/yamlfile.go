package source

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// parseYAML reads the file as YAML.
func (d *document) parseYAML() {
	root, ok := d.yamlRoot()
	if !ok {
		return
	}
	if !d.json {
		d.lintTabs()
	}
	if d.seal != nil {
		root = d.open(root)
	}
	c := d.converter(root)
	start := at{1, 1}
	if root != nil {
		start = nodeAt(root)
	}
	switch {
	case d.config == "":
		if root != nil {
			d.yamlNamespace(c, root)
		}
	case root == nil:
		d.emptyConfig(start)
		d.declare(d.config, start, nil)
	default:
		d.note(nil, start, root)
		d.declare(d.config, start, c.config(root))
	}
}

// converter returns what converts the nodes below root.
func (d *document) converter(root *yaml.Node) *converter {
	// JSON is about as long as YAML in blocks.
	d.encoded = make([]byte, 0, len(d.text.data)+len(d.text.data)/8)
	return &converter{doc: d, root: root}
}

// yamlNamespace reads a mapping of configurations.
func (d *document) yamlNamespace(c *converter, root *yaml.Node) {
	if d.isOverlay() && layerTag(root) != "" {
		if p := d.misplaced(root); p != nil {
			c.problem(root, p)
			return
		}
		if d.layered.root = root.Tag; root.Tag == tagDelete {
			return
		}
	}
	if root.Kind != yaml.MappingNode {
		kind := plan.List
		if root.Kind == yaml.ScalarNode {
			kind = c.scalar(root)
		}
		if kind != plan.Null && !c.failed {
			d.notNamespace(nodeAt(root), kind)
		}
		return
	}
	if isSensitive(root) {
		c.problem(root, unknownTag(tagSensitive))
		return
	}
	entries := c.within(root)
	d.configs = make([]plan.Config, 0, len(entries))
	d.ends = make([]int, 0, len(entries))
	for _, e := range entries {
		d.begin(e.name, nodeAt(e.key))
		c.alias = e.alias
		d.note(nil, nodeAt(e.key), e.value)
		sensitive := c.config(e.value)
		c.alias = nil
		if e.hidden {
			sensitive = append(sensitive, nil)
		}
		d.declare(e.name, nodeAt(e.key), sensitive)
		d.key.Config = ""
	}
}

// yamlRoot returns the value of the one document in the file: nil when there
// is none, not ok when the file makes no sense.
func (d *document) yamlRoot() (root *yaml.Node, ok bool) {
	if d.conflicted() {
		return nil, false
	}
	if tooMany(d.text.data) {
		d.failTooMany()
		return nil, false
	}
	scan := newScanner(d.text.data, d.json)
	if scan.scan(); scan.found != nil {
		d.syntaxError(d.at(scan.found.offset), scan.found.message, scan.found.hint)
		return nil, false
	}
	for _, offset := range scan.breaks {
		d.warn(d.at(offset), "YAML 1.1 programs read this character as a line break", `write it as \u0085, \u2028 or \u2029 in double quotes`)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(scan.text()))
	defer func() {
		if recover() != nil {
			d.syntaxError(at{1, 1}, "the YAML in this file can't be read", "write it in a simpler way: fewer comments in odd places, fewer anchors")
			root, ok = nil, false
		}
	}()
	var first, second yaml.Node
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) {
		return nil, true
	}
	if err == nil {
		err = decoder.Decode(&second)
	}
	switch {
	case err == nil:
		d.fail(nodeAt(&second), "a second document begins here", "put it in a file of its own, or remove the ---")
		return nil, false
	case !errors.Is(err, io.EOF):
		d.yamlError(err, decoder)
		return nil, false
	case len(first.Content) == 0:
		return nil, true
	}
	scan.restore(first.Content[0])
	if scan.bareTags {
		(&spans{text: d.text}).bareTags(first.Content[0])
	}
	return first.Content[0], true
}

// lintTabs warns of lines that are indented with tabs, where YAML lets them
// pass.
func (d *document) lintTabs() {
	if !mayIndentWithTab(d.text.data) {
		return
	}
	states := d.text.states()
	for number := 1; number <= d.text.lines(); number++ {
		if states[number-1]&(insideBlock|insideQuote) != 0 {
			continue
		}
		line := d.text.line(number)
		blanks := len(line) - len(trimBlanks(line))
		for i := 0; i < blanks && blanks < len(line) && line[blanks] != '#'; i++ {
			if line[i] == '\t' {
				d.warn(at{number, i + 1}, "a line is indented with a tab", "indent with spaces: YAML allows tabs only in a few places")
				break
			}
		}
	}
}

// mayIndentWithTab reports whether nothing but blanks is before some tab on its
// line.
func mayIndentWithTab(data []byte) bool {
	for i := 0; ; i++ {
		next := bytes.IndexByte(data[i:], '\t')
		if next < 0 {
			return false
		}
		i += next
		before := bytes.TrimRight(data[:i], " ")
		if len(before) == 0 {
			return true
		}
		if c := before[len(before)-1]; c == '\n' || c == '\r' {
			return true
		}
	}
}
