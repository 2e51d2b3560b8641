package sensitive

import "strings"

// lists finds secrets in YAML lists that hold the arguments of a command:
//
//   - --password        [redis-cli, -a, hunter2]
//   - hunter2
func (f *finder) lists() {
	if !strings.Contains(f.text, "- ") && !strings.Contains(f.text, "[") {
		return
	}
	var block []Span
	indent := -1
	for from := 0; from < len(f.text); {
		to := f.lineEnd(from)
		line := f.text[from:to]
		item := strings.TrimLeft(line, " \t")
		rest, isItem := strings.CutPrefix(item, "- ")
		if at := len(line) - len(item); !isItem || at != indent {
			f.listed(block)
			block, indent = block[:0], -1
			if isItem {
				indent = at
			}
		}
		if isItem {
			block = append(block, unquoted(f.text, Span{to - len(rest), to}))
		}
		f.flowList(from, to)
		from = max(to, from) + 1
	}
	f.listed(block)
}

// flowList finds secrets in the first list in brackets of a line.
func (f *finder) flowList(from, to int) {
	open := strings.IndexByte(f.text[from:to], '[')
	if open < 0 {
		return
	}
	var words []Span
	for start := from + open + 1; start < to; {
		end := start
		for end < to && f.text[end] != ',' && f.text[end] != ']' {
			end++
		}
		words = append(words, unquoted(f.text, Span{start, end}))
		if end == to || f.text[end] == ']' {
			break
		}
		start = end + 1
	}
	f.listed(words)
}

// listed masks the secrets among the elements of a list.
func (f *finder) listed(elements []Span) {
	words := make([]string, len(elements))
	for i, at := range elements {
		words[i] = f.text[at.From:at.To]
	}
	for i, word := range words {
		if i > 0 && IsFlag(words[i-1]) && Name(words[i-1]).Hides(word, false) && !IsPlaceholder(word) {
			f.add(elements[i].From, elements[i].To)
		}
	}
	for _, found := range Arguments(words) {
		start := elements[found.Index].From
		f.add(start+found.Span.From, start+found.Span.To)
	}
}

// IsFlag reports whether a word is a flag with the name of a secret that takes the next
// word as its argument.
func IsFlag(word string) bool {
	return strings.HasPrefix(word, "-") && len(word) <= longestName && !strings.ContainsAny(word, "= :") && Name(word) != Open
}

// unquoted returns a part of a text without surrounding blanks and quotes.
func unquoted(text string, at Span) Span {
	const around = blanks + "\"'"
	at.To -= len(text[at.From:at.To]) - len(strings.TrimRight(text[at.From:at.To], around))
	at.From += len(text[at.From:at.To]) - len(strings.TrimLeft(text[at.From:at.To], around))
	return at
}
