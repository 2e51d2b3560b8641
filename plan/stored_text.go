package plan

import (
	"slices"
	"strings"
	"unicode"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// storedText returns what is stored as a value that can't be read, as a text, or nil
// when nothing is or texts are not shown. Such a text has no fields, so it is hidden as a whole if a field of
// the configuration is marked or named by a pattern, or if a word in it is a secret's
// name.
func (s Sensitivity) storedText(k Key, v Value, marked bool) *Node {
	if !s.unreadable || len(v.Reveal()) == 0 {
		return nil
	}
	n := &Node{Kind: String, Text: strings.ToValidUTF8(string(v.Reveal()), "\uFFFD")}
	here := s.hidden.of(k)
	named := here.matches() || here.mayMatchBelow() || s.hidden.below(k.Namespace).matches()
	marked = marked || s.declared != nil && s.declared(k) != nil || s.stored.in(k) != nil
	if marked || named || mentionsSecret(n.Text) {
		n.hide()
	} else {
		(&marker{texts: s.texts}).text(n, false)
	}
	return n
}

func mentionsSecret(text string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' && r != '.'
	}), func(word string) bool { return sensitive.Name(word).Hides("x", false) })
}
