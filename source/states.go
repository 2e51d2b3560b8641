package source

import (
	"math"
	"strings"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// lineState says what a line begins in.
type lineState uint8

const (
	insideQuote  lineState = 1 << iota // a quoted scalar that began above
	insideBlock                        // a block scalar
	insideSecret                       // the value of a key that is named like a secret, or marked so
)

// states returns the state of every line. It follows YAML, and so JSON, closely
// enough to know where a secret's value goes on over several lines; where the
// file is not YAML it errs on the side of hiding.
func (t *text) states() []lineState {
	states := make([]lineState, t.lines())
	l := lexer{block: noIndent, secret: noIndent, plain: noIndent}
	for i := range states {
		states[i] = l.line(t.line(i + 1))
	}
	return states
}

// noIndent is more than any line is indented by.
const noIndent = math.MaxInt

// lexer follows a text line by line. Indentation stands for what is open: it
// lasts for as long as lines are indented by more.
type lexer struct {
	quote      byte   // of the quoted scalar that is open, or 0
	flow       int    // how many brackets are open
	flowSecret int    // flow, where a secret's value began between brackets, or 0
	secret     int    // indentation of the key whose value is secret
	block      int    // indentation of what a block scalar belongs to
	plain      int    // the same of a plain scalar that may go on
	pem        bool   // between BEGIN and END
	word       string // the last plain or quoted scalar, which may prove to be a key
	column     int    // of the last key or dash on the line
	first      int    // column of what comes first after the dashes, or -1
}

func (l *lexer) line(line string) lineState {
	state := l.begin(line)
	if strings.Contains(line, "-----BEGIN") {
		l.pem = true
	} else if strings.Contains(line, "-----END") {
		l.pem = false
	}
	return state
}

func (l *lexer) begin(line string) lineState {
	var state lineState
	if l.pem {
		state = insideSecret
	}
	rest := trimBlanks(line)
	indent := len(line) - len(rest)
	if l.quote != 0 {
		state |= insideQuote
	} else if l.flow == 0 {
		switch {
		case rest == "":
			return state | l.stillBlock() | l.stillSecret()
		case l.block != noIndent && indent > l.block:
			return state | insideBlock | l.stillSecret()
		case rest[0] == '#':
			return state | l.stillSecret()
		}
		l.block = noIndent
		if l.secret != noIndent && indent <= l.secret && !(indent == l.secret && isIndicator(rest, "-:")) {
			l.secret = noIndent
		}
		if l.plain != noIndent && indent > l.plain {
			return state | l.stillSecret()
		}
		l.plain = noIndent
	}
	state |= l.stillSecret()
	l.column, l.first = indent-1, -1
	l.scan(line, indent)
	return state
}

func (l *lexer) stillBlock() lineState {
	if l.block != noIndent {
		return insideBlock
	}
	return 0
}

func (l *lexer) stillSecret() lineState {
	if l.secret != noIndent || l.flowSecret > 0 {
		return insideSecret
	}
	return 0
}

// isIndicator reports whether s begins with one of the characters, alone.
func isIndicator(s, characters string) bool {
	return s != "" && strings.IndexByte(characters, s[0]) >= 0 && endsWord(s, 1)
}

// endsWord reports whether a blank or the end is at i.
func endsWord(s string, i int) bool { return i >= len(s) || s[i] == ' ' || s[i] == '\t' }

// scan reads the tokens of a line from i on.
func (l *lexer) scan(line string, i int) {
	start := -1 // of the plain scalar that is being read
	for i < len(line) {
		c := line[i]
		switch {
		case l.quote != 0:
			i = l.quoted(line, i)
			continue
		case c == ' ' || c == '\t':
			i++
			continue
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			i = len(line)
			continue
		case c == ':' && (endsWord(line, i+1) || l.flow > 0):
			if start >= 0 {
				l.word = line[start:i]
			}
			l.key(i)
			start = -1
		case l.flow > 0 && (c == ',' || c == '}' || c == ']'):
			l.flowEnd(c)
			start = -1
		case l.flow > 0 && (c == '{' || c == '['), start < 0 && (c == '{' || c == '['):
			l.flow++
			l.word, start = "", -1
		case start >= 0:
		case isIndicator(line[i:], "-?") && l.flow == 0:
			l.column, l.first = i, -1
			if c == '?' && isSecretKey(line[i:]) {
				l.hide()
			}
		case c == '"' || c == '\'':
			l.begins(i)
			l.quote, l.word = c, ""
		case c == '!' || c == '&' || c == '*':
			l.begins(i)
			if c == '!' && strings.HasPrefix(line[i:], tagSensitive) {
				l.hide()
			}
			for !endsWord(line, i+1) {
				i++
			}
		case (c == '|' || c == '>') && l.flow == 0:
			l.block = l.column
			return
		default:
			l.begins(i)
			start, l.word = i, ""
		}
		i++
	}
	if start >= 0 {
		l.word = line[start:]
		if l.flow == 0 {
			l.plain = l.column
		}
	}
}

// begins notes that something begins at i which may be a key, or belong to one.
func (l *lexer) begins(i int) {
	if l.first < 0 {
		l.first = i
	}
}

// quoted reads on in a quoted scalar and returns where it left off.
func (l *lexer) quoted(line string, i int) int {
	from := i
	for ; i < len(line); i++ {
		switch {
		case line[i] == '\\' && l.quote == '"':
			i++
		case line[i] != l.quote:
		case l.quote == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		default:
			l.grow(line[from:i])
			l.quote = 0
			return i + 1
		}
	}
	l.grow(line[from:])
	return len(line)
}

// grow adds to a quoted scalar. What is that long is no key.
func (l *lexer) grow(part string) {
	if len(l.word) < 1024 {
		l.word += part + " "
	}
}

// key takes the last scalar for a key, whose colon is at i.
func (l *lexer) key(i int) {
	if l.flow == 0 {
		l.begins(i)
		l.column = l.first
	}
	if isSecretKey(l.word) {
		l.hide()
	}
	l.word = ""
}

// hide makes the value that follows a secret.
func (l *lexer) hide() {
	switch {
	case l.flow == 0:
		l.secret = min(l.secret, l.column)
	case l.flowSecret == 0:
		l.flowSecret = l.flow
	}
}

// flowEnd ends a value between brackets, with c.
func (l *lexer) flowEnd(c byte) {
	if c != ',' {
		l.flow--
	}
	if l.flow < l.flowSecret || c == ',' && l.flow == l.flowSecret {
		l.flowSecret = 0
	}
	l.word = ""
}

// isSecretKey reports whether a key as it is written names a secret, or might:
// escapes could spell anything.
func isSecretKey(key string) bool {
	return strings.Contains(key, `\`) || sensitive.Name(key) != sensitive.Open
}

func trimBlanks(s string) string { return strings.TrimLeft(s, " \t") }
