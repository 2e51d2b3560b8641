package source

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// emitter writes YAML in one way only: blocks indented by two, keys in their
// order, no quotes where none are needed, texts of several lines as they are,
// no line ever folded. What it writes reads back as exactly the same value,
// without a warning but those on NaN.
//
// The library's own encoder is not used: it folds, sorts out indentation by
// rules of its own, and some literal blocks it writes read back as other texts.
type emitter struct {
	out  []byte
	kept bool // the last thing written is a block that keeps the line breaks after it

	// remark, when it is set, returns a comment for what is at a path.
	remark func(path plan.Path) string
	// tags are written before what is at a path, as text.
	tags map[string]string
	path plan.Path
	step int // by which blocks are indented, if it isn't two

	// quoteCommands puts texts in double quotes that a CI could take for commands if
	// they were printed: there they can be escaped.
	quoteCommands bool
}

// tag returns the tag of what is at the path.
func (e *emitter) tag() string {
	if len(e.tags) == 0 {
		return ""
	}
	return e.tags[e.path.String()]
}

func (e *emitter) deeper(indent int) int {
	if e.step > 0 {
		return indent + e.step
	}
	return indent + 2
}

// comment writes what there is to remark at the end of a line.
func (e *emitter) comment() {
	if e.remark == nil {
		return
	}
	if text := e.remark(e.path); text != "" {
		e.out = append(append(e.out, "  # "...), text...)
	}
}

// longestKey is how long a key may be, in bytes, for its colon to follow it:
// parsers look 1024 characters ahead.
const longestKey = 1000

// namespace writes a mapping of configurations.
func (e *emitter) namespace(configs []plan.Field) {
	if len(configs) == 0 {
		e.out = append(e.out, "{}\n"...)
	}
	for i, c := range configs {
		if i > 0 && !e.kept {
			e.out = append(e.out, '\n')
		}
		e.field(c, 0)
	}
}

// value writes n where the indentation is written already, and ends the line.
func (e *emitter) value(n plan.Node, indent int) {
	switch {
	case !n.IsLeaf() && len(e.path) > plan.MaxCompared && len(e.tags) == 0:
		e.flow(n)
		e.kept = false
		e.out = append(e.out, '\n')
	case n.Kind == plan.Object && len(n.Fields) > 0:
		for i, f := range n.Fields {
			if i > 0 {
				e.indent(indent)
			}
			e.field(f, indent)
		}
	case n.Kind == plan.List && len(n.Items) > 0:
		for i, item := range n.Items {
			if i > 0 {
				e.indent(indent)
			}
			e.out = append(e.out, "- "...)
			e.path = append(e.path, plan.Item(i))
			e.value(item, indent+2)
			e.path = e.path[:len(e.path)-1]
		}
	default:
		e.scalar(n, indent)
	}
}

func (e *emitter) field(f plan.Field, indent int) {
	e.path = append(e.path, plan.Name(f.Name))
	defer func() { e.path = e.path[:len(e.path)-1] }()
	from := len(e.out)
	if v := resolve(f.Name); isPlain(f.Name, v) && !e.isCommand(f.Name) {
		e.out = append(e.out, f.Name...)
	} else {
		if strings.Trim(f.Name, " \t") != f.Name {
			e.out = append(e.out, "!!str "...) // or there would be a warning of the blank
		}
		if plan.HasLoneSurrogate(f.Name) {
			e.out = plan.AppendString(e.out, f.Name)
		} else {
			e.quote(f.Name)
		}
	}
	if len(e.out)-from > longestKey {
		key := string(e.out[from:])
		e.out = append(append(append(e.out[:from], "? "...), key...), '\n')
		e.indent(indent)
	}
	e.out = append(e.out, ':')
	if len(f.Value.Fields) > 0 || len(f.Value.Items) > 0 {
		if tag := e.tag(); tag != "" {
			e.out = append(append(e.out, ' '), tag...)
		}
		e.comment()
		e.out = append(e.out, '\n')
		e.indent(e.deeper(indent))
	} else {
		e.out = append(e.out, ' ')
	}
	e.value(f.Value, e.deeper(indent))
}

// flow writes a value on the same line. What is deep is written so: as a block, the blanks
// before its lines would take much more than itself.
func (e *emitter) flow(n plan.Node) {
	switch n.Kind {
	case plan.Object:
		e.out = append(e.out, '{')
		for i, f := range n.Fields {
			if i > 0 {
				e.out = append(e.out, ", "...)
			}
			if len(f.Name) > longestKey {
				e.out = append(e.out, "? "...)
			}
			e.flowText(f.Name)
			e.out = append(e.out, ": "...)
			e.flow(f.Value)
		}
		e.out = append(e.out, '}')
	case plan.List:
		e.out = append(e.out, '[')
		for i, item := range n.Items {
			if i > 0 {
				e.out = append(e.out, ", "...)
			}
			e.flow(item)
		}
		e.out = append(e.out, ']')
	case plan.String:
		e.flowText(n.Text)
	case plan.Float:
		e.out = append(e.out, yamlFloat(string(plan.AppendJSON(nil, n)))...)
	default:
		e.out = plan.AppendJSON(e.out, n)
	}
}

func (e *emitter) flowText(s string) {
	if plan.HasLoneSurrogate(s) { // for readers only: YAML has no halves
		e.out = plan.AppendString(e.out, s)
	} else {
		e.quote(s)
	}
}

func (e *emitter) indent(n int) {
	for range n {
		e.out = append(e.out, ' ')
	}
}

// scalar writes a leaf, or an empty list or mapping. A text of several lines
// goes on in lines indented by indent.
func (e *emitter) scalar(n plan.Node, indent int) {
	e.kept = false
	if tag := e.tag(); tag != "" {
		e.out = append(e.out, tag...)
		if tag == tagDelete {
			e.comment()
			e.out = append(e.out, '\n')
			return
		}
		e.out = append(e.out, ' ')
	}
	switch n.Kind {
	case plan.Object:
		e.out = append(e.out, "{}"...)
	case plan.List:
		e.out = append(e.out, "[]"...)
	case plan.Float:
		e.out = append(e.out, yamlFloat(string(plan.AppendJSON(nil, n)))...)
	case plan.String:
		switch v := resolve(n.Text); {
		case e.isCommand(n.Text) && !plan.HasLoneSurrogate(n.Text):
			e.quote(n.Text)
		case isLiteral(n.Text):
			e.literal(n.Text, indent)
			return
		case isPlain(n.Text, v):
			e.out = append(e.out, n.Text...)
		case plan.HasLoneSurrogate(n.Text): // for readers only: YAML has no halves
			e.out = plan.AppendString(e.out, n.Text)
		default:
			e.quote(n.Text)
		}
	default:
		e.out = plan.AppendJSON(e.out, n)
	}
	e.comment()
	e.out = append(e.out, '\n')
}

func (e *emitter) isCommand(text string) bool {
	return e.quoteCommands && plan.HasLogCommand(text)
}

func yamlFloat(json string) string {
	switch json {
	case "NaN":
		return ".nan"
	case "Infinity":
		return ".inf"
	case "-Infinity":
		return "-.inf"
	}
	if mantissa, exponent, ok := strings.Cut(json, "e"); ok && !strings.Contains(mantissa, ".") {
		return mantissa + ".0e" + exponent // or YAML 1.1 would take it for a string
	}
	return json
}

// isPlain reports whether s, which resolves to v, can be written without
// quotes.
func isPlain(s string, v scalar) bool {
	if v.kind != plan.String || v.traps != 0 || v.problem != nil {
		return false
	}
	if isElsewhere(s) {
		return false
	}
	first, size := utf8.DecodeRuneInString(s)
	switch {
	case unicode.IsLetter(first), unicode.IsDigit(first), strings.ContainsRune("_/+$(^;.", first):
	case first == '-' && len(s) > size && s[size] != ' ':
	default:
		return false
	}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") || strings.HasSuffix(s, " ") || strings.HasSuffix(s, ":") ||
		strings.Contains(s, ": ") || strings.Contains(s, " #") {
		return false
	}
	return isShown(s)
}

// isShown reports whether s can stand in a line as it is.
func isShown(s string) bool {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isLiteral reports whether s is of several lines and can be written as a
// literal block.
func isLiteral(s string) bool {
	if !strings.Contains(s, "\n") || s[0] == '\n' || s[0] == ' ' {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasSuffix(line, " ") || !isShown(line) {
			return false
		}
	}
	return true
}

func (e *emitter) literal(s string, indent int) {
	body := strings.TrimRight(s, "\n")
	breaks := len(s) - len(body)
	switch breaks {
	case 0:
		e.out = append(e.out, "|-"...)
	case 1:
		e.out = append(e.out, "|"...)
	default:
		e.out = append(e.out, "|+"...)
		e.kept = true
	}
	e.comment()
	e.out = append(e.out, '\n')
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			e.indent(indent)
			e.out = append(e.out, line...)
		}
		e.out = append(e.out, '\n')
	}
	for range breaks - 1 {
		e.out = append(e.out, '\n')
	}
}

// quote writes s in double quotes, with escapes for what can't be shown.
func (e *emitter) quote(s string) {
	e.out = append(e.out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			e.out = append(e.out, '\\', byte(r))
		case r == '\n':
			e.out = append(e.out, `\n`...)
		case r == '\t':
			e.out = append(e.out, `\t`...)
		case r == '\r':
			e.out = append(e.out, `\r`...)
		case unicode.IsPrint(r):
			e.out = utf8.AppendRune(e.out, r)
		case r < 0x100:
			e.out = fmt.Appendf(e.out, `\x%02x`, r)
		case r < 0x10000:
			e.out = fmt.Appendf(e.out, `\u%04x`, r)
		default:
			e.out = fmt.Appendf(e.out, `\U%08x`, r)
		}
	}
	e.out = append(e.out, '"')
}
