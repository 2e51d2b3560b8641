package source

import (
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// yamlError reports what the parser stumbled over. The parser's own words are
// replaced: some are cryptic, and some quote what may be a password.
func (d *document) yamlError(err error, decoder *yaml.Decoder) {
	m := marksOf(err, decoder)
	words := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(words, "line "); ok {
		_, words, _ = strings.Cut(rest, ": ")
	}
	if words == "control characters are not allowed" {
		d.syntaxError(d.controlCharacter(), "there is a control character here", `remove it, or put the value in double quotes and write it as an escape: \x1b`)
		return
	}
	for _, e := range explanations {
		if !strings.HasPrefix(words, e.words) {
			continue
		}
		where := m.problem
		switch e.mark {
		case markContext:
			where = m.context
		case markEvent:
			where = m.event
		case markEscape:
			where.column -= 2
		}
		if e.special != nil {
			e.special(d, m)
			return
		}
		d.syntaxError(d.onText(where), e.message, e.hint)
		return
	}
	d.syntaxError(d.onText(m.problem), "this is not YAML", "check the indentation, the quotes and the brackets here and just above")
}

// onText returns where, or the last character before it when there is nothing.
func (d *document) onText(where at) at {
	if where.line > d.text.lines() || d.text.line(where.line) == "" {
		return d.text.lastCharacter(where.line)
	}
	return where
}

type mark uint8

const (
	markProblem mark = iota // where the parser could not go on
	markContext             // where what it was reading began
	markEvent               // the last thing it understood
	markEscape              // the escape whose letter it stopped after
)

// explanations say in other words what the parser says.
var explanations = []struct {
	words   string
	mark    mark
	message string
	hint    string
	special func(*document, marks)
}{
	{words: "found character that cannot start any token", special: (*document).badStart},
	{words: "mapping values are not allowed in this context", special: (*document).badColon},
	{words: "did not find expected ',' or ']'", special: (*document).openBracket},
	{words: "did not find expected ',' or '}'", special: (*document).openBracket},
	{words: "could not find expected ':'", mark: markContext,
		message: "there is a key without a colon", hint: "write NAME: VALUE with a space after the colon; indent the line if it continues the value above"},
	{words: "did not find expected key",
		message: "a key can't begin here",
		hint:    "indent the keys of a mapping equally; quote a value that contains quotes or brackets; close the quotes above"},
	{words: "did not find expected '-' indicator",
		message: "an element of the list can't begin here", hint: "begin each element with - and indent all of them equally"},
	{words: "did not find expected node content", special: (*document).noValue},
	{words: "found unexpected end of stream", mark: markContext,
		message: "the quote that opens here is never closed", hint: "close it; within single quotes write '' for '"},
	{words: "found unexpected document indicator", mark: markContext,
		message: "the quote that opens here is not closed before the document ends", hint: "close it; within single quotes write '' for '"},
	{words: "found unknown escape character",
		message: "this escape is unknown", hint: `write \\ for a backslash, or use single quotes, where a backslash has no special meaning`},
	{words: "did not find expected hexdecimal number", mark: markEscape,
		message: "hexadecimal digits are missing in this escape", hint: `write \xNN, \uNNNN or \UNNNNNNNN, or \\ for a backslash`},
	{words: "found invalid Unicode character escape code", mark: markEscape,
		message: "this escape is not a character", hint: "write the character itself, or write the file as JSON: YAML does not allow surrogate pairs"},
	{words: "found a tab character that violates indentation",
		message: "a line is indented with a tab", hint: "indent with spaces"},
	{words: "found a tab character where an indentation space is expected",
		message: "a line is indented with a tab", hint: "indent with spaces"},
	{words: "block sequence entries are not allowed in this context",
		message: "a list can't begin here", hint: "begin it on its own line; quote a value that begins with - and a space"},
	{words: "mapping keys are not allowed in this context",
		message: "a key can't begin here", hint: "quote a value that begins with ? and a space"},
	{words: "did not find expected alphabetic or numeric character", mark: markContext,
		message: "* or & without a name", hint: "quote a value that begins with * or &"},
	{words: "unknown anchor", mark: markEvent,
		message: "there is no anchor above for this alias", hint: "name the anchor as above, or quote a value that begins with *"},
	{words: "did not find expected comment or line break",
		message: "only a comment can follow here", hint: "quote a value that begins with | or >; write a text of several lines below it"},
	{words: "found an indentation indicator equal to 0",
		message: "the indentation after | or > must be from 1 to 9", hint: "leave it out"},
	{words: "found undefined tag handle",
		message: "this tag is unknown", hint: "quote the value if it begins with !, or remove the tag"},
	{words: "did not find expected whitespace or line break", mark: markContext,
		message: "this tag is not valid", hint: "quote the value if it begins with !"},
	{words: "did not find the expected '>'", mark: markContext,
		message: "this tag is not valid", hint: "quote the value if it begins with !"},
	{words: "did not find expected '!'", mark: markContext,
		message: "this tag is not valid", hint: "quote the value if it begins with !"},
	{words: "did not find expected tag URI", mark: markContext,
		message: "this tag is not valid", hint: "quote the value if it begins with !"},
	{words: "did not find URI escaped octet", mark: markContext,
		message: "this tag is not valid", hint: "quote the value if it begins with !"},
	{words: "did not find expected <document start>",
		message: "unexpected data after the value", hint: "remove it, or indent it if it belongs to the value above"},
	{words: "found incompatible YAML document",
		message: "this version of YAML is not supported", hint: "remove the line"},
	{words: "found unknown directive name", mark: markContext,
		message: "a line that begins with % must be a directive, and this is not one", hint: "indent the line, or quote it"},
	{words: "could not find expected directive name", mark: markContext,
		message: "a line that begins with % must be a directive, and this is not one", hint: "indent the line, or quote it"},
	{words: "found unexpected non-alphabetical character", mark: markContext,
		message: "a line that begins with % must be a directive, and this is not one", hint: "indent the line, or quote it"},
	{words: "exceeded max depth",
		message: "too many levels", hint: "close the brackets above"},
}

// badStart reports a character that no value begins with.
func (d *document) badStart(m marks) {
	line := []rune(d.text.line(m.problem.line))
	if m.problem.column > len(line) {
		d.syntaxError(d.onText(m.problem), "a value can't begin like this", "put it in quotes")
		return
	}
	switch c := line[m.problem.column-1]; c {
	case '\t':
		d.syntaxError(m.problem, "a line is indented with a tab", "indent with spaces")
	case '@', '`', '%':
		d.syntaxError(m.problem, "a value without quotes can't begin with "+string(c), "put the value in quotes")
	default:
		d.syntaxError(m.problem, "a value can't begin like this", "put it in quotes")
	}
}

// badColon reports a colon that would make a second key of a line, or a key of
// a line that is indented under a value.
func (d *document) badColon(m marks) {
	line := d.text.line(m.problem.line)
	if first := keyEnd(line); first > 0 && len([]rune(line[:first])) >= m.problem.column {
		d.syntaxError(m.problem, "a key can't begin here: the line above has a value already", "indent the line like the key above, or remove that value")
		return
	}
	d.syntaxError(m.problem, "a second colon makes the value a key", "quote a value that has a colon and a space")
}

// openBracket reports brackets in which something is missing: a comma when the
// line is still part of them, else the closing bracket.
func (d *document) openBracket(m marks) {
	opening, closing := "[", "]"
	if line := []rune(d.text.line(m.context.line)); m.context.column <= len(line) && line[m.context.column-1] == '{' {
		opening, closing = "{", "}"
	}
	stopped := d.text.line(m.problem.line)
	above := d.text.line(m.context.line)
	if trimBlanks(stopped) == "" || m.problem.line > m.context.line && indentation(stopped) <= indentation(above) {
		d.syntaxError(m.context, "the "+opening+" that opens here is not closed", "close it with "+closing+", or quote a value that begins with "+opening)
		return
	}
	if rest := trimBlanks(stopped); m.problem.line > m.context.line && keyEnd(rest) > 0 {
		// What the line begins with was taken for the end of the value above.
		m.problem.column = len(stopped) - len(rest) + 1
	}
	d.syntaxError(m.problem, "a comma or "+closing+" is missing before this", "separate the elements between "+opening+" and "+closing+" with commas")
}

func indentation(line string) int { return len(line) - len(trimBlanks(line)) }

// noValue reports a place between brackets, or at their end, without a value.
func (d *document) noValue(m marks) {
	if where := d.onText(m.problem); where != m.problem {
		d.syntaxError(where, "the file ends where a value should be", "close the brackets that are open above")
		return
	}
	d.syntaxError(m.problem, "there is no value where one should be", "quote a value that begins with ] } or a comma; remove extra commas and brackets")
}

// controlCharacter returns where the first character stands that YAML doesn't
// have.
func (d *document) controlCharacter() at {
	for i, r := range string(d.text.data) {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
		case r < ' ' || r >= 0x7F && r < 0xA0 || r == 0xFFFE || r == 0xFFFF || r == 0xFEFF && i > 0:
			return d.at(i)
		}
	}
	return at{1, 1}
}

// marks are the places that the parser had in mind when it failed.
type marks struct{ problem, context, event at }

// marksOf reads the marks out of the decoder. It knows them exactly but doesn't
// give them away: the line in its errors is often another one, and there is no
// column. Should a later version keep them elsewhere, that line has to do.
func marksOf(err error, decoder *yaml.Decoder) marks {
	outer := field(reflect.ValueOf(decoder).Elem(), "parser")
	parser := field(outer, "parser")
	fallback := at{1, 1}
	if rest, ok := strings.CutPrefix(err.Error(), "yaml: line "); ok {
		number, _, _ := strings.Cut(rest, ":")
		if n, err := strconv.Atoi(number); err == nil {
			fallback.line = max(n, 1)
		}
	}
	m := marks{
		problem: markAt(field(parser, "problem_mark"), fallback),
		context: markAt(field(parser, "context_mark"), fallback),
		event:   markAt(field(field(outer, "event"), "start_mark"), fallback),
	}
	return m
}

// field returns the field of the struct v, or of the one it points to; the zero
// Value when there is none.
func field(v reflect.Value, name string) reflect.Value {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return v.FieldByName(name)
}

func markAt(mark reflect.Value, fallback at) at {
	line, column := field(mark, "line"), field(mark, "column")
	if !line.IsValid() || !line.CanInt() || !column.IsValid() || !column.CanInt() {
		return fallback
	}
	return at{int(line.Int()) + 1, int(column.Int()) + 1}
}
