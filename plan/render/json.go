package render

import (
	"encoding/json"
	"io"

	"github.com/confo-sync/confo-sync/plan"
)

// JSON writes the report as one JSON document. It is all ASCII, and numbers
// have the text that they have in the tree or at the target; NaN and the
// infinities, which JSON lacks, are strings.
func JSON(w io.Writer, r *Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// MarshalJSON writes the path as a list of names and indices.
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

// MarshalJSON writes the value.
func (v Value) MarshalJSON() ([]byte, error) { return appendExact(nil, v.node), nil }

// appendExact is plan.AppendJSON, but that a float keeps the text that it has.
func appendExact(dst []byte, n plan.Node) []byte {
	switch n.Kind {
	case plan.Float:
		switch n.Text {
		case "NaN", "Infinity", "-Infinity":
			return plan.AppendString(dst, n.Text)
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
			dst = appendExact(dst, item)
		}
		return append(dst, ']')
	case plan.Object:
		dst = append(dst, '{')
		for i, f := range n.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(plan.AppendString(dst, f.Name), ':')
			dst = appendExact(dst, f.Value)
		}
		return append(dst, '}')
	default:
		return plan.AppendJSON(dst, n)
	}
}
