package plan

import (
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// marker marks the sensitive leaves of a configuration's value.
type marker struct {
	declared, stored *marked
	texts            func(text string) []Span
	found            func(n *Node, path Path) // called for leaves that are only recognized; may be nil
	// named caches namesBelow by parent and name, because values often repeat them.
	named map[[2]string][]string
}

// place is the position of a node.
type place struct {
	// hidden and public are the patterns of the project.
	hidden, public patternSet
	// declared and stored are the marks from here on; nil for none.
	declared, stored *marked
	// names are the names of the fields, starting with the outermost one whose name is
	// that of a secret; nil if there is none.
	names []string
	// parent is the name of the enclosing field.
	parent string
	// trail is set only if found needs it.
	trail *trail
	// marked says that the tree marks this place or a parent. whole says that a stored
	// mark or a pattern does. secret says that the value is one of several secrets.
	// open says that a public pattern matches.
	marked, whole, secret, open bool
	// item says that this is a list element.
	item bool
}

// value marks the sensitive leaves of n.
func (m *marker) value(n *Node, at place) {
	at.marked = at.marked || at.declared.here()
	at.whole = at.whole || at.stored.here() || at.hidden.matches()
	at.open = at.open || at.public.matches()
	at.secret = at.secret || !n.IsLeaf() && isCollection(at.names)
	switch n.Kind {
	case Object:
		m.object(n, at)
	case List:
		m.list(n, at)
	default:
		m.leaf(n, at)
	}
}

func (m *marker) leaf(n *Node, at place) {
	switch isNumber := n.Kind == Integer || n.Kind == Float; {
	case at.marked, at.whole && !at.open:
		n.hide()
	case n.Kind == Bool || n.Kind == Null:
		// A boolean or null is not secret: allow_credentials: true.
	case !at.open && at.hides(n.Text, isNumber):
		n.hide()
		m.recognised(n, at)
	case isNumber:
		if m.texts != nil && len(m.texts(n.Text)) > 0 {
			n.hide()
		}
	default:
		if m.text(n, at.open); n.Sensitive && !m.isMarkedText(n.Text) {
			m.recognised(n, at)
		}
	}
}

// hides reports whether the names of a scalar and its parents mark it as sensitive.
func (at place) hides(text string, isNumber bool) bool {
	if at.names == nil || text == "" || sensitive.IsPlaceholder(text) {
		return false
	}
	if at.secret {
		if class := sensitive.Name(at.names[0]); class != sensitive.Key || class.Hides(text, isNumber) {
			return true
		}
	}
	return sensitive.Name(at.names...).Hides(text, isNumber)
}

func (m *marker) recognised(n *Node, at place) {
	if m.found != nil {
		m.found(n, at.trail.path())
	}
}

func (m *marker) isMarkedText(text string) bool {
	if m.texts == nil {
		return false
	}
	spans := m.texts(text)
	return len(spans) == 1 && spans[0] == (Span{From: 0, To: len(text)})
}

// text marks the sensitive parts of a string. In a public place, it marks only texts
// that are marked elsewhere.
func (m *marker) text(n *Node, open bool) {
	if m.isMarkedText(n.Text) {
		n.hide()
		return
	}
	if inner := jsonIn(n.Text); inner != nil {
		(&marker{texts: m.texts}).value(inner, place{open: open})
		n.within = &within{json: inner}
		if n.Sensitive = inner.anySensitive(); n.Sensitive {
			return
		}
	}
	var spans []Span
	if !open && n.within == nil {
		spans = sensitive.Parts(n.Text)
	}
	if m.texts != nil {
		spans = sensitive.Join(append(spans, m.texts(n.Text)...))
	}
	if len(spans) > 0 {
		n.Sensitive, n.within = true, &within{secrets: spans}
	}
}

func (m *marker) object(n *Node, at place) {
	label := labelOf(n)
	members := secretMembers(n)
	if label == "" && saysSecret(n) {
		label = "secret"
	}
	record := isRecord(n, at)
	for i := range n.Fields {
		f := &n.Fields[i]
		below := m.step(at, Name(f.Name))
		if below.parent = f.Name; sensitive.IsContainer(f.Name) {
			below.parent = at.parent // snmp: {v2: {community: x}}
		}
		below.names = m.namesBelow(at.names, at.parent, f.Name)
		if slices.Contains(members, f.Name) {
			below.names, below.secret = []string{"secret"}, true
		}
		switch {
		case record && sensitive.IsDescription(f.Name):
			below.names, below.secret = nil, false
		case at.secret && sensitive.IsAbout(f.Name) && f.Value.IsLeaf():
			below.names, below.secret = []string{"key"}, false // only values that look random
		}
		if label != "" && sensitive.IsValueField(f.Name) {
			below.names = []string{label}
		}
		m.value(&f.Value, below)
	}
}

// labelOf returns the name that an object gives to its value, if it is the name of a
// secret: {"name": "DB_PASSWORD", "value": …}.
func labelOf(n *Node) string {
	for _, f := range n.Fields {
		if f.Value.Kind == String && sensitive.IsLabel(f.Name) && sensitive.Name(f.Value.Text) != sensitive.Open {
			return f.Value.Text
		}
	}
	return ""
}

// namesBelow caches the results of the function namesBelow.
func (m *marker) namesBelow(above []string, parent, name string) []string {
	if above != nil {
		return namesBelow(above, parent, name)
	}
	const mostNamed = 1000
	key := [2]string{parent, name}
	names, known := m.named[key]
	if !known {
		names = namesBelow(nil, parent, name)
		if m.named == nil {
			m.named = map[[2]string][]string{}
		}
		if len(m.named) < mostNamed {
			m.named[key] = names
		}
	}
	return names
}

// namesBelow returns the names of a field and its parents, or nil if none of them is
// the name of a secret. It keeps only the first and the last few names. A parent and a
// field may form the name of a secret together: {"api": {"key": …}}.
func namesBelow(above []string, parent, name string) []string {
	const most = 4
	if above == nil {
		class := sensitive.Name(name)
		if class < sensitive.Scheme && sensitive.Together(parent, name) {
			return []string{parent, name}
		}
		if class == sensitive.Open {
			return nil
		}
		if sensitive.IsSettings(parent) {
			return []string{"max", name} // ttl: {token: 60}
		}
		return []string{name}
	}
	names := append(above[:len(above):len(above)], name)
	if len(names) > most {
		names = append(names[:1:1], names[len(names)-most+1:]...)
	}
	return names
}

// isCollection reports whether all values below a field are secret, whatever their
// names are: passwords, tokens.
func isCollection(names []string) bool {
	if len(names) != 1 {
		return false
	}
	one, isPlural := strings.CutSuffix(strings.ToLower(names[0]), "s")
	class := sensitive.Name(one)
	return isPlural && sensitive.Name(names[0]) != sensitive.Open && (class == sensitive.Secret || class == sensitive.Key)
}

func (m *marker) list(n *Node, at place) {
	for i := range n.Items {
		below := m.step(at, Item(i))
		below.names, below.parent, below.item = at.names, at.parent, true
		if name := nameFor(n.Items, i, at.names == nil); name != "" {
			below.names = []string{name}
		}
		m.value(&n.Items[i], below)
	}
	if at.names == nil {
		markPairs(n, m, at)
		m.arguments(n, at)
	}
}

// nameFor returns the flag before a list element that is the flag's argument:
// ["--password", "x"].
func nameFor(items []Node, i int, free bool) string {
	if i == 0 || !free || items[i-1].Kind != String {
		return ""
	}
	if flag := items[i-1].Text; sensitive.IsFlag(flag) {
		return flag
	}
	return ""
}

// arguments marks the secrets among the arguments of a command: ["redis-cli", "-a",
// "x"].
func (m *marker) arguments(n *Node, at place) {
	words := make([]string, len(n.Items))
	for i, item := range n.Items {
		if item.Kind == String {
			words[i] = item.Text
		}
	}
	for _, argument := range sensitive.Arguments(words) {
		item, below := &n.Items[argument.Index], m.step(at, Item(argument.Index))
		if item.Sensitive || below.open || below.public.matches() {
			continue
		}
		item.Sensitive, item.within = true, &within{secrets: []Span{argument.Span}}
		m.recognised(item, below)
	}
}

// markPairs marks the second element of a pair if the first is the name of a secret:
// [["DB_PASSWORD", "x"], …].
func markPairs(n *Node, m *marker, at place) {
	for i := range n.Items {
		pair := n.Items[i].Items
		if len(pair) != 2 || pair[0].Kind != String || sensitive.Name(pair[0].Text) == sensitive.Open {
			continue
		}
		below := m.step(m.step(at, Item(i)), Item(1))
		below.names = []string{pair[0].Text}
		m.value(&pair[1], below)
	}
}

// step returns the place one step below.
func (m *marker) step(at place, s Step) place {
	below := place{
		declared: at.declared.below(s), stored: at.stored.below(s),
		hidden: at.hidden.step(s), public: at.public.step(s),
		marked: at.marked, whole: at.whole, secret: at.secret, open: at.open,
	}
	if m.found != nil {
		below.trail = at.trail.with(s)
	}
	return below
}

// trail is a Path as a linked list, so that adding a step copies nothing.
type trail struct {
	above *trail
	step  Step
	depth int // number of steps, including this one
}

// with returns the trail with one more step.
func (t *trail) with(s Step) *trail { return &trail{t, s, t.len() + 1} }

func (t *trail) len() int {
	if t == nil {
		return 0
	}
	return t.depth
}

func (t *trail) path() (p Path) {
	for ; t != nil; t = t.above {
		p = append(p, t.step)
	}
	slices.Reverse(p)
	return p
}

// hide marks a complete leaf as sensitive.
func (n *Node) hide() { n.Sensitive, n.within = true, nil }

func (n *Node) markAll() {
	switch n.Kind {
	case List:
		for i := range n.Items {
			n.Items[i].markAll()
		}
	case Object:
		for i := range n.Fields {
			n.Fields[i].Value.markAll()
		}
	default:
		n.hide()
	}
}

func (n Node) anySensitive() bool {
	if n.Sensitive {
		return true
	}
	for i := range n.Items {
		if n.Items[i].anySensitive() {
			return true
		}
	}
	for i := range n.Fields {
		if n.Fields[i].Value.anySensitive() {
			return true
		}
	}
	return false
}

// countSensitive counts the sensitive values in n.
func (n Node) countSensitive() int { return n.countElsewhere(nil, nil) }

// LooksSecret reports whether a text looks like a secret by its form, without the name
// of its field.
func LooksSecret(text string) bool {
	n := Node{Kind: String, Text: text}
	(&marker{}).value(&n, place{})
	return n.Sensitive
}

// jsonIn returns the object or list in a JSON text, or nil.
func jsonIn(text string) *Node {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return nil
	}
	n, err := Decode([]byte(trimmed))
	if err != nil {
		return nil
	}
	return &n
}
