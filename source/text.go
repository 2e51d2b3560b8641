package source

import (
	"bytes"
	"sort"
	"unicode/utf8"
)

// text is a file's content, by lines. A line ends where YAML 1.2 has it end: at
// LF, CR and CR LF.
type text struct {
	data   []byte
	starts []int // of the lines; found when first asked for
	feeds  []int // the places after line feeds; the same
	every  []spot
	ascii  bool // each character is one byte; known once every is
	shown  shownLine
}

// spot is a place, and how many characters are before it. A text has one after about
// every spotBytes bytes, so that characters are never counted over a long line.
type spot struct{ offset, characters int }

const spotBytes = 128

func newText(data []byte) text { return text{data: data} }

func (t *text) split() {
	if t.starts != nil {
		return
	}
	t.starts = append(make([]int, 0, bytes.Count(t.data, []byte("\n"))+1), 0)
	for i := 0; i < len(t.data); {
		size := lineBreak(t.data[i:])
		if size == 0 {
			i++
			continue
		}
		i += size
		t.starts = append(t.starts, i)
	}
}

// lineBreak returns the length of the line break that b begins with, or 0.
func lineBreak(b []byte) int {
	switch b[0] {
	case '\n':
		return 1
	case '\r':
		if len(b) > 1 && b[1] == '\n' {
			return 2
		}
		return 1
	}
	return 0
}

// lines counts the lines. A text that ends with a break has an empty last one.
func (t *text) lines() int {
	t.split()
	return len(t.starts)
}

// line returns a line, counted from 1, without its break; "" beyond the end.
func (t *text) line(number int) string {
	t.split()
	if number < 1 || number > len(t.starts) {
		return ""
	}
	end := len(t.data)
	if number < len(t.starts) {
		end = t.starts[number]
	}
	line := t.data[t.starts[number-1]:end]
	for i := max(0, len(line)-2); i < len(line); i++ {
		if lineBreak(line[i:]) > 0 {
			line = line[:i]
		}
	}
	return string(line)
}

// length returns about how long a line is, in bytes: with its break.
func (t *text) length(number int) int {
	t.split()
	if number < len(t.starts) {
		return t.starts[number] - t.starts[number-1]
	}
	return len(t.data) - t.starts[number-1]
}

// position returns the line and column of the byte at offset.
func (t *text) position(offset int) (line, column int) {
	t.split()
	line = sort.SearchInts(t.starts, offset+1)
	return line, 1 + t.characters(offset) - t.characters(t.starts[line-1])
}

// spots counts the characters.
func (t *text) spots() []spot {
	if t.every == nil {
		t.every = append(make([]spot, 0, len(t.data)/spotBytes+1), spot{})
		for at := (spot{}); at.offset < len(t.data); {
			for end := at.offset + spotBytes; at.offset < end && at.offset < len(t.data); at.characters++ {
				_, size := utf8.DecodeRune(t.data[at.offset:])
				at.offset += size
			}
			t.every = append(t.every, at)
		}
		t.ascii = t.every[len(t.every)-1].characters == len(t.data)
	}
	return t.every
}

// characters returns how many characters are before a place.
func (t *text) characters(offset int) int {
	spots := t.spots()
	if t.ascii {
		return offset
	}
	from := spots[sort.Search(len(spots), func(i int) bool { return spots[i].offset > offset })-1]
	return from.characters + utf8.RuneCount(t.data[from.offset:offset])
}

// offset returns where a line and column are, as yaml.v3 counts them.
func (t *text) offset(line, column int) int {
	t.split()
	if line < 1 || line > len(t.starts) {
		return len(t.data)
	}
	spots, wanted := t.spots(), t.characters(t.starts[line-1])+column-1
	if t.ascii {
		return min(wanted, len(t.data))
	}
	at := spots[max(1, sort.Search(len(spots), func(i int) bool { return spots[i].characters > wanted }))-1]
	for ; at.characters < wanted && at.offset < len(t.data); at.characters++ {
		_, size := utf8.DecodeRune(t.data[at.offset:])
		at.offset += size
	}
	return at.offset
}

// lineStart returns the place after the last line feed before a place.
func (t *text) lineStart(at int) int {
	if t.feeds == nil {
		t.feeds = append(make([]int, 0, bytes.Count(t.data, []byte("\n"))+1), 0)
		for i, c := range t.data {
			if c == '\n' {
				t.feeds = append(t.feeds, i+1)
			}
		}
	}
	return t.feeds[sort.SearchInts(t.feeds, at+1)-1]
}

// lastCharacter returns where the last character that is not blank stands, at
// or before the line.
func (t *text) lastCharacter(line int) at {
	for line = min(line, t.lines()); line > 0; line-- {
		if trimmed := bytes.TrimRight([]byte(t.line(line)), " \t"); len(trimmed) > 0 {
			return at{line, utf8.RuneCount(trimmed)}
		}
	}
	return at{1, 1}
}
