package plan

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Sensitivity decides which leaves of a configuration must not be shown: those
// whose field, or a field above them, is named like a secret; those that look
// like one (a URL with a user or password in it, a private key, an assignment to
// a secret's name, JSON text that holds a secret); and those that the tree marks
// with !sensitive.
//
// A text that the tree marks somewhere is hidden wherever it is. Only leaves are
// hidden, and of a text that looks like a secret only that: how a configuration
// is made up stays visible.
type Sensitivity struct {
	// marked reports whether the tree marks a text. It is a function because
	// fmt would print what is in a map.
	marked func(text string) bool
	// declared returns the fields of a configuration that are marked.
	declared func(k Key) []Path
	// patterns name what is sensitive besides.
	patterns []Pattern
	texts    bool // values that can't be read are shown as texts
}

// WithTexts returns the sensitivity that shows what can't be read as a text, masked.
// Otherwise only the reason is shown.
func (s Sensitivity) WithTexts() Sensitivity {
	s.texts = true
	return s
}

// With returns the sensitivity that hides what patterns name, too.
func (s Sensitivity) With(patterns []Pattern) Sensitivity {
	s.patterns = patterns
	return s
}

// Parse parses a configuration's value and marks what in it must not be shown.
func (s Sensitivity) Parse(k Key, v Value) (Node, error) {
	n, err := v.Parse()
	if err == nil {
		s.mark(&n, slices.Concat(v.sensitive(), s.paths(k)))
		s.markNamed(k, &n)
	}
	return n, err
}

// markNamed marks what patterns name in a configuration.
func (s Sensitivity) markNamed(k Key, n *Node) {
	var patterns []Pattern
	for _, p := range s.patterns {
		if p.MatchKey(k) || p.mayMatchFields(k) {
			patterns = append(patterns, p)
		}
	}
	if len(patterns) > 0 {
		n.markMatching(patterns, []string{k.Namespace, k.Config})
	}
}

func (n *Node) markMatching(patterns []Pattern, path []string) {
	for _, p := range patterns {
		if p.Match(path...) {
			n.markAll()
			return
		}
	}
	for i := range n.Items {
		n.Items[i].markMatching(patterns, append(path, strconv.Itoa(i)))
	}
	for i := range n.Fields {
		n.Fields[i].Value.markMatching(patterns, append(path, n.Fields[i].Name))
	}
}

// minMarked is how long a marked text has to be to be hidden elsewhere too:
// hiding every "a" would hide nothing and tell much.
const minMarked = 4

// SensitivityOf returns the sensitivity that takes into account what a tree, or
// what it is compared with, marks. What the other side has in a marked place is
// marked as well. Other trees may mark too what is live and has no marks of its
// own. live may be nil.
func SensitivityOf(desired *Tree, live *Snapshot, others ...*Tree) Sensitivity {
	declared := map[Key][]Path{}
	collect := func(k Key, v Value) {
		if paths := v.sensitive(); paths != nil {
			declared[k] = append(declared[k], paths...)
		}
	}
	eachValue(desired, live, collect)
	for _, t := range others {
		eachValue(t, nil, collect)
	}
	if len(declared) == 0 {
		return Sensitivity{}
	}
	texts := map[string]bool{}
	remember := func(k Key, v Value) {
		if paths := declared[k]; paths != nil {
			if n, err := v.Parse(); err == nil {
				Sensitivity{}.markBelow(&n, nil, paths)
				n.rememberMarked(texts)
			}
		}
	}
	eachValue(desired, live, remember)
	for _, t := range others {
		eachValue(t, nil, remember)
	}
	return Sensitivity{
		marked:   func(text string) bool { return texts[text] },
		declared: func(k Key) []Path { return declared[k] },
	}
}

// paths returns what is marked in a configuration, of whatever value.
func (s Sensitivity) paths(k Key) []Path {
	if s.declared == nil {
		return nil
	}
	return s.declared(k)
}

func eachValue(desired *Tree, live *Snapshot, do func(k Key, v Value)) {
	for _, ns := range desired.Namespaces {
		for _, c := range ns.Configs {
			do(Key{ns.Name, c.Name}, c.Value)
		}
	}
	if live == nil {
		return
	}
	for _, ns := range live.Namespaces {
		for _, c := range ns.Configs {
			do(Key{ns.Name, c.Name}, c.Value)
		}
	}
}

func (n Node) rememberMarked(texts map[string]bool) {
	if n.Sensitive && n.within == nil && n.Kind == String && len(n.Text) >= minMarked {
		texts[n.Text] = true
	}
	for i := range n.Items {
		n.Items[i].rememberMarked(texts)
	}
	for i := range n.Fields {
		n.Fields[i].Value.rememberMarked(texts)
	}
}

// mark sets Sensitive on the leaves of n that are. A path declared through an
// element of a list counts for every element, as elements move.
func (s Sensitivity) mark(n *Node, declared []Path) {
	s.markBelow(n, nil, declared)
}

func (s Sensitivity) markBelow(n *Node, path Path, declared []Path) {
	for _, d := range declared {
		if d.leadsTo(path) {
			n.markAll()
			return
		}
	}
	switch n.Kind {
	case Object:
		for i := range n.Fields {
			f := &n.Fields[i]
			if IsSecretName(f.Name) {
				f.Value.markSecrets()
			}
			s.markBelow(&f.Value, append(path, Name(f.Name)), declared)
		}
	case List:
		for i := range n.Items {
			s.markBelow(&n.Items[i], append(path, Item(i)), declared)
		}
	case String:
		s.markString(n)
	}
}

// markString marks a string for what it holds, and remembers which parts that
// are. One that is marked already stays hidden as a whole.
func (s Sensitivity) markString(n *Node) {
	if n.Sensitive {
		return
	}
	if s.marked != nil && s.marked(n.Text) {
		n.Sensitive = true
		return
	}
	if inner := jsonIn(n.Text); inner != nil {
		s.mark(inner, nil)
		n.Sensitive = inner.anySensitive()
		n.within = &within{json: inner}
		return
	}
	if secrets := secretParts(n.Text); secrets != nil {
		n.Sensitive = true
		n.within = &within{secrets: secrets}
	}
}

// hide marks a leaf as a whole.
func (n *Node) hide() { n.Sensitive, n.within = true, nil }

// leadsTo reports whether two paths are the same, one element of a list being as
// good as another.
func (p Path) leadsTo(other Path) bool {
	if len(p) != len(other) {
		return false
	}
	for i := range p {
		if p[i] != other[i] && (p[i].item == 0 || other[i].item == 0) {
			return false
		}
	}
	return true
}

// markSecrets marks the leaves below a field that is named like a secret.
// Whether something is so, and that nothing is there, is no secret:
// allow_credentials: true.
func (n *Node) markSecrets() {
	switch n.Kind {
	case List:
		for i := range n.Items {
			n.Items[i].markSecrets()
		}
	case Object:
		for i := range n.Fields {
			n.Fields[i].Value.markSecrets()
		}
	case Bool, Null:
	default:
		n.hide()
	}
}

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

// secretWords are the words that make a field's name that of a secret, alone
// or two in a row.
var secretWords = map[string]bool{
	"password": true, "passwd": true, "pwd": true, "passphrase": true,
	"secret": true, "token": true, "credential": true, "dsn": true,
	"apikey": true, "api key": true, "private key": true, "access key": true, "secret key": true,
	"privatekey": true, "accesskey": true, "secretkey": true,
	"pass word": true, "pass phrase": true,
}

// IsSecretName reports whether a field of that name holds a secret.
func IsSecretName(name string) bool {
	previous := ""
	for _, word := range words(name) {
		for _, w := range []string{word, strings.TrimSuffix(word, "s")} {
			if secretWords[w] || secretWords[previous+" "+w] {
				return true
			}
		}
		// Names that run together: dbpassword, rootpasswd.
		for _, w := range []string{"password", "passwd", "passphrase"} {
			if strings.Contains(word, w) {
				return true
			}
		}
		previous = word
	}
	return false
}

// words splits a name at "_", "-", ".", blanks, digits and capitals:
// dbPassword, API_KEY, APIKey, smtp-password2.
func words(name string) []string {
	var found []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			found = append(found, string(word))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) {
			end()
			continue
		}
		if unicode.IsUpper(r) && i > 0 {
			afterLower := unicode.IsLower(runes[i-1])
			startsWord := unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !isPluralS(runes[i+1:])
			if afterLower || startsWord {
				end()
			}
		}
		word = append(word, unicode.ToLower(r))
	}
	end()
	return found
}

// isPluralS reports whether a word ends with the "s" that rest begins with, as
// in DSNs.
func isPluralS(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || !unicode.IsLower(rest[1]))
}

// LooksSecret reports whether a text gives itself away as holding a secret,
// whatever its field is called.
func LooksSecret(text string) bool {
	n := Node{Kind: String, Text: text}
	Sensitivity{}.markString(&n)
	return n.Sensitive
}

// jsonIn returns the object or list that a text holds as JSON, or nil.
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

// Count returns how many leaves of a tree must not be shown. Values that are
// not JSON count as one.
func (s Sensitivity) Count(t *Tree) int {
	count := 0
	for _, ns := range t.Namespaces {
		for _, c := range ns.Configs {
			n, err := c.Value.Parse()
			if err != nil {
				count++
				continue
			}
			s.mark(&n, c.Value.sensitive())
			s.markNamed(Key{ns.Name, c.Name}, &n)
			count += n.countSensitive()
		}
	}
	return count
}

func (n Node) countSensitive() int {
	if n.Sensitive {
		return 1 // however many are in it
	}
	count := 0
	for i := range n.Items {
		count += n.Items[i].countSensitive()
	}
	for i := range n.Fields {
		count += n.Fields[i].Value.countSensitive()
	}
	return count
}
