package plan

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// minMarked is how long a marked text has to be to be hidden elsewhere too:
// hiding every "a" would hide nothing and tell much.
const minMarked = 4

// textSet are the texts of marked values.
type textSet map[string]bool

// textsOf adds the texts that stand in a value at marked places, except what public
// patterns name.
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

// inherited returns what is marked below, which is everything when m is whole.
func (m *marked) inherited(s Step) *marked {
	if m.here() {
		return m
	}
	return m.below(s)
}

// add adds a text in the forms in which it may stand elsewhere.
func (t textSet) add(text string) {
	for _, form := range TextForms(text) {
		t[form] = true
	}
}

// TextForms returns the forms in which a secret text may stand within another: as it is,
// and encoded. They have 4 bytes or more.
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

// FindTexts returns what finds secret texts within another, in the forms in which
// they may stand there. It is nil when there is none of 4 bytes or more.
func FindTexts(texts []string) func(text string) []Span {
	set := textSet{}
	for _, text := range texts {
		set.add(text)
	}
	return set.finder()
}

// finder returns what finds the texts within another: the automaton of Aho and
// Corasick, whose time is in proportion to that other text, however many are
// looked for. It is nil for no texts.
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

// automaton is a tree of the texts' bytes. Each state but the first knows the
// state of the longest other beginning that ends like its own: fail.
type automaton []state

type state struct {
	first, next int32 // the first state below, and the next beside; 0 for none
	fail        int32
	from, to    int32 // the longest text that ends here: where it begins, and how far beyond here it goes on
	byte        byte
}

// Of a long text, only a needle is looked for: its first bytes, fewer if the texts are
// many, so that the states take little memory. What begins like it is taken for all of it.
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

// link sets fail, level by level.
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
