package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/confo-sync/confo-sync/plan"
)

// JSON writes the report as one JSON document in ASCII. Numbers keep the text that they
// have in the tree or at the target. NaN and the infinities are strings, because JSON
// does not support them.
func JSON(w io.Writer, r *Report) error {
	out := bufio.NewWriterSize(w, 64<<10)
	// There may be many changes, so they are written one by one, in their place in the
	// document.
	frame := *r
	frame.Changes, frame.Moved = Changes{}, Changes{}
	document, err := indented(frame, "")
	if err != nil {
		return err
	}
	const place = "\n  \"changes\": []"
	before, after, ok := bytes.Cut(document, []byte(place))
	if !ok {
		return errors.New("a report has no place for its changes")
	}
	out.Write(before)
	if err := writeChanges(out, "changes", r.Changes); err != nil {
		return err
	}
	if r.Moved.Len() > 0 {
		out.WriteByte(',')
		if err := writeChanges(out, "moved", r.Moved); err != nil {
			return err
		}
	}
	out.Write(after)
	out.WriteByte('\n')
	return out.Flush()
}

func writeChanges(out *bufio.Writer, name string, changes Changes) error {
	fmt.Fprintf(out, "\n  %q: [", name)
	first := true
	for c := range changes.All() {
		one, err := indented(c, "    ")
		if err != nil {
			return err
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString("\n    ")
		out.Write(one)
	}
	if !first {
		out.WriteString("\n  ")
	}
	out.WriteByte(']')
	return nil
}

func indented(v any, prefix string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return ascii(indentedText(bytes.TrimSuffix(b.Bytes(), []byte("\n")), prefix)), nil
}

// ascii escapes the non-ASCII characters and DEL in JSON, so that they can't affect a
// terminal or the direction of text. They occur only in strings.
func ascii(text []byte) []byte {
	if !slices.ContainsFunc(text, func(c byte) bool { return c > '~' }) {
		return text
	}
	escaped := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r <= '~' {
			escaped = append(escaped, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			escaped = fmt.Appendf(escaped, `\u%04x`, unit)
		}
	}
	return escaped
}

// indentedText indents compact JSON as json.Indent does. Values deeper than
// plan.MaxCompared stay on one line. Otherwise the indentation of a small value could
// take hundreds of megabytes.
func indentedText(data []byte, prefix string) []byte {
	out := make([]byte, 0, 2*len(data))
	depth := 0
	line := func(depth int) {
		out = append(append(out, '\n'), prefix...)
		for range depth {
			out = append(out, "  "...)
		}
	}
	for i := 0; i < len(data); i++ {
		c := data[i]
		isEmpty := i+1 < len(data) && (data[i+1] == '}' || data[i+1] == ']')
		switch c {
		case '{', '[':
			out = append(out, c)
			if depth++; depth <= plan.MaxCompared && !isEmpty {
				line(depth)
			}
		case '}', ']':
			depth--
			if begun := data[i-1] == '{' || data[i-1] == '['; depth < plan.MaxCompared && !begun {
				line(depth)
			}
			out = append(out, c)
		case ',':
			if out = append(out, c); depth <= plan.MaxCompared {
				line(depth)
			}
		case ':':
			out = append(out, ": "...)
		case '"':
			end := i + 1
			for data[end] != '"' {
				if data[end] == '\\' {
					end++
				}
				end++
			}
			out = append(out, data[i:end+1]...)
			i = end
		default:
			out = append(out, c)
		}
	}
	return out
}

// MarshalJSON returns an empty list, because JSON writes the changes itself.
func (c Changes) MarshalJSON() ([]byte, error) { return []byte("[]"), nil }

// MarshalJSON encodes the path as a list of names and indexes.
func (p Path) MarshalJSON() ([]byte, error) {
	list := plan.Node{Kind: plan.List}
	for _, s := range p.Path {
		list.Items = append(list.Items, stepNode(s))
	}
	return plan.AppendJSON(nil, list), nil
}

func stepNode(s plan.Step) plan.Node {
	if name, ok := s.Field(); ok {
		return plan.Node{Kind: plan.String, Text: name}
	}
	return plan.Node{Kind: plan.Integer, Text: itoa(s.Index())}
}

// UnmarshalJSON decodes the format of MarshalJSON.
func (p *Path) UnmarshalJSON(data []byte) error {
	list, err := plan.Decode(data)
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		if item.Kind == plan.String {
			p.Path = append(p.Path, plan.Name(item.Text))
			continue
		}
		index, err := strconv.Atoi(item.Text)
		if err != nil {
			return err
		}
		p.Path = append(p.Path, plan.Item(index))
	}
	return nil
}

// MarshalJSON encodes the value.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.saved {
		return plan.AppendString(nil, string(appendExact(nil, v.node, false))), nil
	}
	return appendExact(nil, v.node, true), nil
}

// appendExact is plan.AppendJSON that keeps the text of floats. If strict is true, NaN
// and the infinities are strings.
func appendExact(dst []byte, n plan.Node, strict bool) []byte {
	switch n.Kind {
	case plan.Float:
		switch n.Text {
		case "NaN", "Infinity", "-Infinity":
			if strict {
				return plan.AppendString(dst, n.Text)
			}
		}
		return append(dst, n.Text...)
	case plan.Integer:
		return append(dst, n.Text...)
	case plan.List:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendExact(dst, item, strict)
		}
		return append(dst, ']')
	case plan.Object:
		dst = append(dst, '{')
		for i, f := range n.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(plan.AppendString(dst, f.Name), ':')
			dst = appendExact(dst, f.Value, strict)
		}
		return append(dst, '}')
	default:
		return plan.AppendJSON(dst, n)
	}
}
