package render

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/confo-sync/confo-sync/plan"
)

// A page has more space than a terminal. The middle of longer texts is cut out.
const (
	maxValue     = 4000 // characters of a string or line
	maxSame      = 240  // characters of an equal part of two strings
	maxTextLines = 1000 // lines of an added or removed text, or of a comparison
	maxWords     = 400  // words that are compared with each other
	maxDiffer    = 800  // bytes of these words
)

// appendCut appends a printable text. If it has more than max characters, its middle is
// cut out.
func appendCut(parts []part, kind, s string, max int) []part {
	count := utf8.RuneCountInString(s)
	if count <= max {
		return append(parts, part{kind, s})
	}
	runes := []rune(s)
	return append(parts,
		part{kind, string(runes[:max/2])},
		part{"cut", fmt.Sprintf(" … %d characters … ", count-max/2*2)},
		part{kind, string(runes[count-max/2:])})
}

// printableText escapes a text except newlines and tabs. The middle of a long text is
// cut out.
func printableText(s string) string {
	all := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	if count := len(all); count > maxTextLines {
		all = slices.Replace(all, maxTextLines/2, count-maxTextLines/2, fmt.Sprintf("… %d lines …", count-maxTextLines/2*2))
	}
	for i := range all {
		all[i] = tabbed(all[i])
	}
	return strings.Join(all, "\n")
}

// tabbed escapes a line except tabs.
func tabbed(l string) string {
	cells := strings.Split(l, "\t")
	for i := range cells {
		cells[i] = plan.Printable(cells[i])
	}
	return strings.Join(cells, "\t")
}

// hunk is a sequence of lines that are equal in two texts, or that differ. If lines
// were left out, Skipped says how many.
type hunk struct {
	Skipped          string
	Same, Gone, Came [][]part
}

// hunks returns the different lines of two texts, with some context.
func hunks(before, after string) []hunk {
	var all []hunk
	ops := diffLines(before, after)
	shown := 0
	for i := 0; i < len(ops); {
		if shown >= maxTextLines {
			all = append(all, hunk{Skipped: "… " + plural(len(ops)-i, "more line") + " …"})
			break
		}
		var h hunk
		start := i
		switch {
		case ops[i].kind != stays:
			for ; i < len(ops) && ops[i].kind != stays; i++ {
			}
			var left int
			if h, left = changed(ops[start:i]); left > 0 {
				all = append(all, h)
				h = hunk{Skipped: "… " + plural(left, "more changed line") + " …"}
			}
			shown += i - start
		case nearChange(ops, i):
			for ; i < len(ops) && ops[i].kind == stays && nearChange(ops, i); i++ {
				h.Same = append(h.Same, appendCut(nil, "", tabbed(ops[i].text), maxValue))
			}
			shown += i - start
		default:
			for ; i < len(ops) && !nearChange(ops, i); i++ {
			}
			h.Skipped = "… " + plural(i-start, "unchanged line") + " …"
		}
		all = append(all, h)
	}
	switch {
	case hasEnd(before) && !hasEnd(after):
		all = append(all, hunk{Skipped: "(the newline at its end was removed)"})
	case !hasEnd(before) && hasEnd(after):
		all = append(all, hunk{Skipped: "(a newline at its end was added)"})
	}
	return all
}

// changed compares the removed lines with the added ones, in pairs. It returns the
// number of lines that it leaves out if there are too many.
func changed(ops []lineOp) (h hunk, left int) {
	var gone, came []string
	for _, op := range ops {
		switch {
		case op.kind == goes && len(gone) < maxTextLines:
			gone = append(gone, tabbed(op.text))
		case op.kind == comes && len(came) < maxTextLines:
			came = append(came, tabbed(op.text))
		default:
			left++
		}
	}
	for i := range max(len(gone), len(came)) {
		switch {
		case i >= len(came):
			h.Gone = append(h.Gone, appendCut(nil, "", gone[i], maxValue))
		case i >= len(gone):
			h.Came = append(h.Came, appendCut(nil, "", came[i], maxValue))
		default:
			g, c := diffWords(gone[i], came[i])
			h.Gone, h.Came = append(h.Gone, g), append(h.Came, c)
		}
	}
	return h, left
}

// diffWords compares two printable texts word by word. If they have little in common,
// it marks nothing.
func diffWords(before, after string) (was, is []part) {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // no timeout, so that the result is the same on every machine
	table := wordTable{numbers: map[string]rune{}}
	a, b := table.encode(before), table.encode(after)
	a, b, bounded := table.bound(a, b)
	diffs := dmp.DiffMainRunes(a, b, false)
	for i := range diffs {
		diffs[i].Text = table.decode(diffs[i].Text)
	}
	if !bounded {
		diffs = dmp.DiffCleanupSemantic(diffs)
	}
	same := 0
	for _, d := range diffs {
		if d.Type == diffmatchpatch.DiffEqual {
			same += len(strings.Trim(d.Text, `" `))
		}
	}
	if same*3 < min(len(before), len(after)) {
		return appendCut(nil, "", before, maxValue), appendCut(nil, "", after, maxValue)
	}
	for _, d := range diffs {
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			was = appendCut(was, "del", d.Text, maxValue)
		case diffmatchpatch.DiffInsert:
			is = appendCut(is, "ins", d.Text, maxValue)
		default:
			was, is = appendCut(was, "", d.Text, maxSame), appendCut(is, "", d.Text, maxSame)
		}
	}
	return was, is
}

// wordTable assigns a number to each word, so that words can be compared like
// characters.
type wordTable struct {
	numbers map[string]rune
	words   []string
}

// The numbers of surrogates are not used, because surrogates are not valid characters.
const surrogates, surrogateCount = 0xD800, 0x800

func (t *wordTable) number(word string) rune {
	n, known := t.numbers[word]
	if !known {
		if n = rune(len(t.words)); n >= surrogates {
			n += surrogateCount
		}
		t.numbers[word] = n
		t.words = append(t.words, word)
	}
	return n
}

// encode splits a text into words: sequences of letters and digits, sequences of
// spaces, and single other characters.
func (t *wordTable) encode(s string) []rune {
	var numbers []rune
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_':
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 0
	}
	start, last := 0, 0
	for i, r := range s {
		c := class(r)
		if i > start && (c != last || c == 0) {
			numbers = append(numbers, t.number(s[start:i]))
			start = i
		}
		last = c
	}
	if start < len(s) {
		numbers = append(numbers, t.number(s[start:]))
	}
	return numbers
}

// bound limits the quadratic time of a comparison. If the texts are too long between
// their common start and end, it makes this middle one word on each side. It reports
// whether it did.
func (t *wordTable) bound(a, b []rune) (was, is []rune, bounded bool) {
	head, tail, shorter := 0, 0, min(len(a), len(b))
	for head < shorter && a[head] == b[head] {
		head++
	}
	for tail < shorter-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	middle := func(words []rune) string { return t.decode(string(words[head : len(words)-tail])) }
	if len(a)+len(b)-2*(head+tail) <= maxWords && len(middle(a))+len(middle(b)) <= maxDiffer {
		return a, b, false
	}
	join := func(words []rune) []rune {
		return slices.Concat(words[:head], []rune{t.number(middle(words))}, words[len(words)-tail:])
	}
	return join(a), join(b), true
}

func (t *wordTable) decode(numbers string) string {
	var b strings.Builder
	for _, n := range numbers {
		if n >= surrogates {
			n -= surrogateCount
		}
		b.WriteString(t.words[n])
	}
	return b.String()
}
