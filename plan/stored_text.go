package plan

import (
	"slices"
	"strings"
	"unicode"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// storedText returns the text of an unreadable value, or nil if it is empty or such
// texts are not shown. The text has no fields. So it is masked completely if a field of
// the configuration is marked or a pattern matches, or if a word in it is the name of a
// secret.
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
