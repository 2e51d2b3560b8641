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

// Pages have more room than terminals; what is longer loses its middle.
const (
	maxValue     = 4000 // characters of a string or line
	maxSame      = 240  // characters of what two strings share in one place
	maxTextLines = 1000 // lines of a text that came or went, or of a comparison
	maxWords     = 400  // words that are compared with one another
	maxDiffer    = 800  // bytes in which these words are
)

// appendCut appends a printable text, without its middle if it has more than
// max characters.
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

// printableText escapes a text, but for its newlines and tabs. A long one loses
// its middle.
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

// tabbed escapes a line, but for its tabs.
func tabbed(l string) string {
	cells := strings.Split(l, "\t")
	for i := range cells {
		cells[i] = plan.Printable(cells[i])
	}
	return strings.Join(cells, "\t")
}

// hunk is a run of lines of two texts that are the same in both, or that came
// for others that went. Skipped says what is left out instead.
type hunk struct {
	Skipped          string
	Same, Gone, Came [][]part
}

// hunks shows the lines in which two texts differ, with some around them.
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

// changed compares the lines that went with those that came, in pairs. It returns
// how many it leaves out, if there are too many.
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

// diffWords compares two printable texts word by word. Those that have little
// in common differ as a whole, and nothing in them is marked.
func diffWords(before, after string) (was, is []part) {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the same diff on every machine
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

// wordTable numbers words, so that a text of words is one of characters.
type wordTable struct {
	numbers map[string]rune
	words   []string
}

// surrogates are no characters: their numbers are left out.
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

// encode splits a text into words: runs of letters and digits, runs of spaces,
// and single other characters.
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

// bound returns what differs between what both begin and end with: it makes one
// word of each side's middle when there is too much in them to be compared, as the
// time for that goes by the square. It reports whether it did.
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
