package plan

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// minMarked is the minimum length of a marked text that is masked elsewhere. Masking
// every "a" would hide nothing and reveal much.
const minMarked = 4

// textSet holds the texts of marked values.
type textSet map[string]bool

// textsOf adds the texts at marked places of a value, except at places that public
// patterns match.
func (n Node) textsOf(m *marked, public patternSet, texts textSet) {
	if m == nil || public.matches() {
		return
	}
	switch n.Kind {
	case Object:
		for i := range n.Fields {
			f := &n.Fields[i]
			f.Value.textsOf(m.inherited(Name(f.Name)), public.below(f.Name), texts)
		}
	case List:
		for i := range n.Items {
			n.Items[i].textsOf(m.inherited(Item(i)), public.item(i), texts)
		}
	case String, Integer, Float:
		if m.whole {
			texts.add(n.Text)
		}
	}
}

// inherited returns the marks below a step. If m marks its own place, it marks
// everything below.
func (m *marked) inherited(s Step) *marked {
	if m.here() {
		return m
	}
	return m.below(s)
}

// add adds a text in all forms of TextForms.
func (t textSet) add(text string) {
	for _, form := range TextForms(text) {
		t[form] = true
	}
}

// TextForms returns the forms in which other texts may contain a secret text: unchanged
// and encoded. It omits forms of less than 4 bytes.
func TextForms(text string) (forms []string) {
	trimmed := strings.TrimSpace(text)
	quoted := string(AppendJSON(nil, Node{Kind: String, Text: trimmed}))
	for _, form := range []string{
		text, trimmed, quoted[1 : len(quoted)-1],
		url.QueryEscape(trimmed), url.PathEscape(trimmed),
		base64.StdEncoding.EncodeToString([]byte(trimmed)), base64.RawURLEncoding.EncodeToString([]byte(trimmed)),
	} {
		if len(form) >= minMarked {
			forms = append(forms, form)
		}
	}
	return forms
}

// FindTexts returns a function that finds secret texts within another text, in all
// forms of TextForms. It returns nil if there is nothing to find.
func FindTexts(texts []string) func(text string) []Span {
	set := textSet{}
	for _, text := range texts {
		set.add(text)
	}
	return set.finder()
}

// finder returns a function that finds the texts within another text. It uses the
// Aho-Corasick algorithm: its time grows only with the length of the searched text. It
// returns nil if there are no texts.
func (t textSet) finder() func(text string) []Span {
	if len(t) == 0 {
		return nil
	}
	a := automaton{{}}
	needle := min(max(statesMost/len(t), minNeedle), maxNeedle)
	for text := range t {
		a.insert(text, needle)
	}
	a.link()
	return a.find
}

// automaton is a trie of the texts' bytes. Each state has a fail link to the state of
// the longest other prefix that is a suffix of its own.
type automaton []state

type state struct {
	first, next int32 // first state below, and next sibling; 0 for none
	fail        int32
	from, to    int32 // the longest text that ends here: its start, and how far it extends beyond here
	byte        byte
}

// Only the first bytes of a long text are searched, fewer if there are many texts. This
// limits the memory of the states. A match of these bytes counts as a match of the
// complete text.
const (
	statesMost           = 4 << 20
	minNeedle, maxNeedle = 16, 64
)

func (a *automaton) insert(text string, needle int) {
	at := int32(0)
	depth := min(len(text), needle)
	for i := range depth {
		below := (*a).child(at, text[i])
		if below == 0 {
			below = int32(len(*a))
			*a = append(*a, state{byte: text[i], next: (*a)[at].first})
			(*a)[at].first = below
		}
		at = below
	}
	(*a)[at].from = int32(depth)
	(*a)[at].to = max((*a)[at].to, int32(len(text)-depth))
}

func (a automaton) child(at int32, c byte) int32 {
	for below := a[at].first; below != 0; below = a[below].next {
		if a[below].byte == c {
			return below
		}
	}
	return 0
}

// link sets the fail links, level by level.
func (a automaton) link() {
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for below := a[at].first; below != 0; below = a[below].next {
			if at != 0 {
				a[below].fail = a.step(a[at].fail, a[below].byte)
			}
			if fail := a[a[below].fail]; a[below].from == 0 {
				a[below].from, a[below].to = fail.from, fail.to
			}
			queue = append(queue, below)
		}
	}
}

func (a automaton) step(at int32, c byte) int32 {
	for {
		if below := a.child(at, c); below != 0 || at == 0 {
			return below
		}
		at = a[at].fail
	}
}

func (a automaton) find(text string) []Span {
	var spans []Span
	at := int32(0)
	for i := range len(text) {
		at = a.step(at, text[i])
		if length := int(a[at].from); length > 0 {
			spans = append(spans, Span{From: i + 1 - length, To: min(len(text), i+1+int(a[at].to))})
		}
	}
	return sensitive.Join(spans)
}
