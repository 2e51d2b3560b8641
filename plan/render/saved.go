package render

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/confo-sync/confo-sync/plan"
)

// Save writes the report in the format that Load reads: one line of JSON for the report
// without its changes, and one for each change. JSON values are stored as strings in
// Python's format, so that floats stay exact.
func Save(w io.Writer, r *Report) error {
	frame := *r
	frame.Changes, frame.Moved = Changes{}, Changes{}
	if err := writeLine(w, frame); err != nil {
		return err
	}
	for c := range r.Changes.All() {
		saving(c.Edits)
		if err := writeLine(w, c); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func saving(edits []Edit) {
	for _, e := range edits {
		for _, v := range []*Value{e.Before, e.After} {
			if v != nil {
				v.saved = true
			}
		}
		saving(e.Inner)
	}
}

// Load reads a report that Save wrote.
func Load(r io.Reader) (*Report, error) {
	lines := bufio.NewReader(r)
	report := New("", "", "")
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	if err := json.Unmarshal(first, report); err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return report, nil
		}
		var c Change
		if err == nil {
			err = json.Unmarshal(line, &c)
		}
		if err != nil {
			return nil, fmt.Errorf("read a report's change %d: %w", len(report.Changes.saved)+1, err)
		}
		report.Changes.saved = append(report.Changes.saved, c)
	}
}

// UnmarshalJSON ignores the empty list that JSON writes.
func (c *Changes) UnmarshalJSON([]byte) error { return nil }

// masked matches the text that replaces a sensitive leaf.
var masked = regexp.MustCompile(`^\(sensitive #[0-9]+\)$`)

// UnmarshalJSON decodes a value that Save wrote.
func (v *Value) UnmarshalJSON(data []byte) error {
	text, err := plan.Decode(data)
	if err != nil {
		return err
	}
	if v.node, err = plan.Decode([]byte(text.Text)); err != nil {
		return err
	}
	markMasked(&v.node)
	return nil
}

func markMasked(n *plan.Node) {
	n.Sensitive = n.Kind == plan.String && masked.MatchString(n.Text)
	for i := range n.Items {
		markMasked(&n.Items[i])
	}
	for i := range n.Fields {
		markMasked(&n.Fields[i].Value)
	}
}
