package source

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// How much aliases may add to a file: so many values and so many bytes, and
// ten times what the file has of each.
const (
	aliasValues = 100_000
	aliasBytes  = 10 << 20
)

// converter appends the JSON of YAML nodes to what its document has encoded. It
// goes on after an error, to find the others; what it then appends is of no
// use.
type converter struct {
	doc       *document
	failed    bool
	path      plan.Path   // from the configuration to what is being converted
	sensitive []plan.Path // what !sensitive marks
	depth     int
	above     int       // the cost of path
	paths     int       // the cost of all paths in this configuration so far
	spare     [][]entry // room that mappings no longer need

	root   *yaml.Node          // of the file
	active map[*yaml.Node]bool // anchored nodes that the current one is in
	alias  *yaml.Node          // the outermost alias that the current node came by
	values int                 // that aliases may still add, once limited
	bytes  int
	limits bool
	spent  bool // the aliases add too much, and nothing more is converted
}

// nodeAt returns where a node begins.
func nodeAt(n *yaml.Node) at { return at{n.Line, n.Column} }

func (c *converter) fail(n *yaml.Node, message, hint string) {
	c.failed = true
	c.doc.fail(nodeAt(n), message, hint)
}

// config converts the value of one configuration, and returns what !sensitive
// marks in it. It appends nothing when the value is in error.
func (c *converter) config(n *yaml.Node) []plan.Path {
	c.failed, c.sensitive, c.path, c.depth = false, nil, c.path[:0], 0
	c.above, c.paths = plan.PathCost(c.doc.key.Config), 0
	from := len(c.doc.encoded)
	kind := c.node(n)
	if !c.failed {
		c.checkPaths(n, len(c.doc.encoded)-from)
	}
	switch {
	case c.failed || c.spent:
	case kind == plan.Null && c.doc.isOverlay() && layerTag(n) == tagDelete:
		return c.sensitive
	case kind == plan.Null:
		c.doc.emptyConfig(nodeAt(n))
	case kind != plan.List && kind != plan.Object:
		c.doc.notConfig(nodeAt(n), kind)
	default:
		return c.sensitive
	}
	c.doc.encoded = c.doc.encoded[:from]
	return nil
}

func (c *converter) write(s string) { c.doc.encoded = append(c.doc.encoded, s...) }

// node converts any value, and returns of what kind it is.
func (c *converter) node(n *yaml.Node) plan.Kind {
	if c.spent || c.alias != nil && !c.spend(n) {
		return plan.Null
	}
	if n.Kind == yaml.AliasNode {
		return c.expand(n)
	}
	if tag := layerTag(n); tag != "" && c.doc.isOverlay() && c.path.InList() {
		what := "only on fields, not on elements of a list"
		if c.path[len(c.path)-1].Index() < 0 {
			what = "only on fields that override others, not within a list"
		}
		c.fail(n, tag+" works "+what, "write the complete list, or use !append")
		return plan.Null
	}
	if r, ok := referenceOf(n); ok {
		return c.reference(n, r)
	}
	if kind, ok := c.sealed(n); ok {
		return kind
	}
	if isSensitive(n) {
		c.sensitive = append(c.sensitive, slices.Clone(c.path))
	}
	if n.Kind == yaml.ScalarNode {
		return c.scalar(n)
	}
	if c.depth++; c.depth > plan.MaxDepth {
		c.depth--
		c.fail(n, fmt.Sprintf("more than %d levels deep, which Python can't read", plan.MaxDepth), "store less in one configuration")
		return plan.Null
	}
	leave := c.inside(n)
	kind := plan.Object
	if n.Kind == yaml.SequenceNode {
		kind = plan.List
		c.sequence(n)
	} else {
		c.mapping(n)
	}
	leave()
	c.depth--
	return kind
}

// inside says that what follows is part of n, until the function it returns is
// called.
func (c *converter) inside(n *yaml.Node) (leave func()) {
	if n.Anchor == "" || c.active[n] {
		return nothing
	}
	if c.active == nil {
		c.active = map[*yaml.Node]bool{}
	}
	c.active[n] = true
	return func() { delete(c.active, n) }
}

// by says that what follows came by an alias, until the function it returns is
// called. Of aliases within each other the outermost counts.
func (c *converter) by(alias *yaml.Node) (leave func()) {
	if c.alias != nil {
		return nothing
	}
	c.alias = alias
	return func() { c.alias = nil }
}

func nothing() {}

// expand converts what an alias stands for.
func (c *converter) expand(n *yaml.Node) plan.Kind {
	if c.active[n.Alias] {
		c.containsItself(n)
		return plan.Null
	}
	defer c.by(n)()
	return c.node(n.Alias)
}

func (c *converter) containsItself(n *yaml.Node) {
	c.fail(n, "this alias refers to a value that contains the alias", "write out the value: a value can't contain itself")
}

// spend takes a node that came by an alias from what aliases may add to a file.
// Without a limit a file of ten lines can stand for more than any memory holds.
func (c *converter) spend(n *yaml.Node) bool {
	if !c.limits {
		c.limits = true
		c.values = aliasValues + 10*count(c.root)
		c.bytes = aliasBytes + 10*len(c.doc.text.data)
	}
	c.values--
	c.bytes -= len(n.Value)
	if c.values < 0 || c.bytes < 0 {
		c.spent = true
		c.fail(c.alias, "the aliases of this file expand it to many times its size", "write out the values of the aliases, or split the file")
	}
	return !c.spent
}

func count(n *yaml.Node) int {
	total := 1
	for _, child := range n.Content {
		total += count(child)
	}
	return total
}

// reach counts what path leads to now. It reports whether the paths are short enough so
// far; what the configuration takes is known at its end.
func (c *converter) reach(n *yaml.Node) bool {
	c.paths += c.above
	return !c.spent && c.checkPaths(n, max(len(c.doc.text.data), len(c.doc.encoded)))
}

// checkPaths reports whether the paths are short enough for so many bytes.
func (c *converter) checkPaths(n *yaml.Node, size int) bool {
	if c.paths > plan.MostPaths(size) {
		c.spent = true
		c.fail(n, plan.LongPaths, "shorten the names")
	}
	return !c.spent
}

func (c *converter) sequence(n *yaml.Node) {
	c.collectionTag(n, "!!seq")
	c.write("[")
	for i, item := range n.Content {
		if i > 0 {
			c.write(", ")
		}
		c.path = append(c.path, plan.Item(i))
		if c.reach(item) {
			c.doc.note(c.path, nodeAt(item), nil)
			c.node(item)
		}
		c.path = c.path[:len(c.path)-1]
	}
	c.write("]")
}

func (c *converter) collectionTag(n *yaml.Node, own string) {
	if p := c.doc.misplaced(n); p != nil {
		c.problem(n, p)
		return
	}
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != own && n.Tag != tagSensitive && layerTag(n) == "" {
		c.problem(n, unknownTag(n.Tag))
	}
}

func isSensitive(n *yaml.Node) bool {
	return n.Style&yaml.TaggedStyle != 0 && n.Tag == tagSensitive
}

func (c *converter) problem(n *yaml.Node, p *problem) { c.fail(n, p.message, p.hint) }

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// scalar converts a scalar that is a value.
func (c *converter) scalar(n *yaml.Node) plan.Kind {
	v := c.resolve(n)
	if v.problem == nil && (v.traps != 0 || v.kind == plan.String && n.Style&quoted == 0) {
		if !looksLikeVersion(n.Value) {
			v.traps &^= trapZero
		}
		c.lint(n, v)
	}
	c.doc.encoded = plan.AppendJSON(c.doc.encoded, v.node())
	return v.kind
}

// resolve returns what a scalar stands for, by its tag, its quotes, or its
// looks.
func (c *converter) resolve(n *yaml.Node) scalar {
	var v scalar
	switch {
	case layerTag(n) != "":
		v = scalar{kind: plan.Null, text: "null", problem: c.doc.misplaced(n)}
	case n.Style&yaml.TaggedStyle != 0 && n.Tag != tagSensitive:
		v = resolveTagged(n.Tag, n.Value)
	case n.Style&quoted != 0:
		return scalar{kind: plan.String, text: n.Value}
	case c.doc.json && isJSONFloat(n.Value):
		v = scalar{kind: plan.Float, text: n.Value, traps: trapNotFinite}
	default:
		v = resolve(n.Value)
	}
	if v.problem != nil {
		c.problem(n, v.problem)
	}
	return v
}

// isJSONFloat reports whether a text is one of the floats that only Python's JSON
// has.
func isJSONFloat(s string) bool { return s == "NaN" || s == "Infinity" || s == "-Infinity" }

// looksLikeVersion reports whether a number is more likely a version than an amount: 3.10
// rather than 4.90.
func looksLikeVersion(number string) bool {
	whole, fraction, _ := strings.Cut(number, ".")
	return len(whole) <= 2 && whole != "0" && (fraction == "10" || fraction == "20" || fraction == "30")
}

// lint warns of a scalar that is not what it looks like.
func (c *converter) lint(n *yaml.Node, v scalar) {
	warn := func(message, hint string) { c.doc.warn(nodeAt(n), message, hint) }
	if v.traps&trapOctal != 0 {
		warn("a number with a leading zero is octal", "write 0o and the digits for an octal number, remove the zero for a decimal one, or quote it to keep it as it is")
	}
	if v.traps&trapSeparators != 0 {
		warn("the _ between the digits of this number is ignored", "leave it out, or quote the value to keep it as it is")
	}
	if v.traps&trapZero != 0 {
		warn("this is a number, and its last zero is dropped", "quote it if it is a version or a name, or leave the zero out")
	}
	if v.traps&trapBoolean != 0 {
		warn("yes, no, on, off, y and n are strings here, but booleans elsewhere", "quote it, or write true or false")
	}
	if v.traps&trapNotFinite != 0 {
		warn(messageNotFinite, hintNotFinite)
	}
	if v.kind == plan.String && n.Style&quoted == 0 && strings.IndexByte(n.Value, '\t') >= 0 {
		warn("there is a tab in a value without quotes", `put the value in double quotes with \t for the tab, or replace the tab with a space`)
	}
}

const (
	messageNotFinite = "NaN and infinity are not JSON outside Python"
	hintNotFinite    = "quote the value if other programs read it: Confo can read NaN and infinity, but other programs may not"
	hintLong         = "store it as a string"
)

var messageLong = fmt.Sprintf("Python can't read integers of more than %d digits", plan.MaxDigits)
