package source

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

// insertFields writes the fields that a mapping lacks, each after the one that it
// follows; but those that are merged in not if they are written already.
func (e *editing) insertFields(s slot, have, want *draft, own []draftField, places []entryAt, flow, written bool) error {
	at := make(map[string]int, len(own))
	for i, f := range own {
		at[f.name] = i
	}
	previous := -1
	for _, f := range want.fields {
		if i, ok := at[f.name]; ok {
			previous = i
			continue
		}
		to := &e.direct
		if h := have.field(f.name); h != nil { // merged in
			if written || h.equal(f.value) {
				continue
			}
			to = &e.merged
		}
		after := previous
		if after < 0 {
			after = len(places) - 1
		}
		edit, err := e.newField(s, have, f, places, after, flow)
		if err != nil {
			return err
		}
		*to = append(*to, edit)
	}
	return nil
}

func (e *editing) newField(s slot, have *draft, f draftField, places []entryAt, after int, flow bool) (splice, error) {
	if flow {
		text := e.flowField(f)
		if len(places) == 0 {
			at := e.content(have.node) + 1
			return splice{from: at, to: at, text: text}, nil
		}
		return e.inFlow(places, after, text), nil
	}
	if len(places) == 0 { // all that is there is merged in
		key := have.node.Content[len(have.node.Content)-2]
		end, err := e.end(have.node, s.indent)
		if err != nil {
			return splice{}, err
		}
		places, after = []entryAt{{begin: e.begin(key), end: end}}, 0
	}
	indent := e.column(places[after].begin)
	text := e.blockField(f, indent)
	if e.isNamespace(s) && e.airy && !e.keeps {
		text = "\n" + text
	}
	at := e.nextLine(places[after].end)
	return splice{from: at, to: at, text: text, lines: true}, nil
}

// isAiry reports whether there are empty lines between the entries of a mapping.
func (e *editing) isAiry(places []entryAt) bool {
	for i := 1; i < len(places); i++ {
		between := e.data[places[i-1].end:places[i].begin]
		if bytes.Count(bytes.ReplaceAll(between, []byte("\r"), nil), []byte("\n\n")) > 0 || bytes.HasPrefix(between, []byte("\n")) && e.data[places[i-1].end-1] == '\n' {
			return true
		}
	}
	return len(places) == 1
}

// inFlow returns the edit that writes an entry after another, in brackets.
func (e *editing) inFlow(places []entryAt, after int, text string) splice {
	if after < 0 {
		at := places[0].begin
		if e.startsLine(at) {
			return splice{from: at, to: at, text: text + ",\n" + string(e.data[e.lineStart(at):at])}
		}
		return splice{from: at, to: at, text: text + ", "}
	}
	at, begin := places[after].end, places[after].begin
	if e.startsLine(begin) {
		return splice{from: at, to: at, text: ",\n" + string(e.data[e.lineStart(begin):begin]) + text}
	}
	return splice{from: at, to: at, text: ", " + text}
}

// remove takes entries away: with the comments right above them, and with one of
// the empty lines around them.
func (e *editing) remove(places []entryAt, gone []bool, flow bool) {
	for i := 0; i < len(places); i++ {
		if !gone[i] {
			continue
		}
		e.lose(places[i].value.node)
		last := i
		for last+1 < len(places) && gone[last+1] {
			last++
			e.lose(places[last].value.node)
		}
		switch {
		case !flow:
			for ; i <= last; i++ {
				e.removeLines(places[i])
			}
		case last+1 < len(places):
			e.edit(splice{from: places[i].begin, to: places[last+1].begin})
		case i > 0:
			e.edit(splice{from: places[i-1].end, to: places[last].end})
		default:
			e.edit(splice{from: places[i].begin, to: places[last].end})
		}
		i = last
	}
}

// removeFirst removes the first entries of a block that begins on the line of a
// dash: what follows them moves there, unless comments are above it. It takes them
// out of gone.
func (e *editing) removeFirst(n *yaml.Node, places []entryAt, gone []bool) error {
	last := 0
	for last+1 < len(places) && gone[last+1] {
		last++
	}
	next, err := e.entryAfter(n, places[last])
	if err != nil {
		return err
	}
	for i := range last + 1 {
		gone[i] = false
		e.lose(places[i].value.node)
	}
	from, to := places[0].begin, next
	if line := e.lineStart(next); e.startsLine(next) {
		if above := e.aboveComments(line, e.column(next)); above < line {
			from, to = len(bytes.TrimRight(e.data[:from], " ")), above
			e.edit(splice{from: from, to: to, text: "\n"})
			return nil
		}
	}
	e.edit(splice{from: from, to: to})
	return nil
}

// entryAfter returns where the entry begins that follows one in a mapping or list in
// blocks.
func (e *editing) entryAfter(n *yaml.Node, p entryAt) (int, error) {
	if n.Kind == yaml.SequenceNode {
		if at := e.skip(p.end); e.spans.at(at) == '-' {
			return at, nil
		}
		return 0, errLayout
	}
	for i := 0; i < len(n.Content); i += 2 {
		if at := e.keyBegin(n.Content[i]); at > p.begin {
			return at, nil
		}
	}
	return 0, errLayout
}

func (e *editing) removeLines(p entryAt) {
	from, to := e.lineStart(p.begin), e.nextLine(p.end)
	from = e.aboveComments(from, e.column(p.begin))
	airyBefore := from == 0 || e.isBlankLine(e.lineStart(from-1))
	switch {
	case e.keeps, airyBefore && to < len(e.data): // those before may be part of a value
		for to < len(e.data) && e.isBlankLine(to) {
			to = e.lineAfter(to)
		}
	case airyBefore:
		for from > 0 && e.isBlankLine(e.lineStart(from-1)) {
			from = e.lineStart(from - 1)
		}
	}
	e.edit(splice{from: from, to: to})
}

// aboveComments returns where the comments begin that are right above a line, in
// the same column. Those at the start of the file are the file's.
func (e *editing) aboveComments(line, column int) int {
	at := line
	for at > 0 {
		above := e.lineStart(at - 1)
		text := e.data[above:e.lineEnd(above)]
		blanks := len(text) - len(bytes.TrimLeft(text, " "))
		if blanks != column || blanks == len(text) || text[blanks] != '#' {
			return at
		}
		at = above
	}
	return line
}

func (e *editing) isBlankLine(at int) bool {
	return len(bytes.TrimSpace(e.data[at:e.lineEnd(at)])) == 0
}
