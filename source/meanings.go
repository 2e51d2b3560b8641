package source

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// meanings numbers drafts: those that are equal have the same number. Each list and
// object is gone through once, however often it is asked for. The drafts must not
// change meanwhile.
type meanings struct {
	byContent map[string]int
	byDraft   map[*draft]int // of lists and objects
}

// same reports whether two drafts are equal, as draft.equal does.
func (m *meanings) same(a, b *draft) bool { return a == b || m.of(a) == m.of(b) }

// of returns the number of a draft.
func (m *meanings) of(d *draft) int {
	if m.byContent == nil {
		m.byContent, m.byDraft = map[string]int{}, map[*draft]int{}
	}
	if number, ok := m.byDraft[d]; ok {
		return number
	}
	content := appendText([]byte{byte(d.Kind), boolByte(d.mark), boolByte(d.fixed)}, d.tag)
	switch {
	case d.fixed:
		content[0] = 0
		content = append(appendText(content, d.at().Tag), d.at().Value...)
	case d.Kind == plan.Object:
		fields := slices.Clone(d.fields)
		slices.SortFunc(fields, func(a, b draftField) int { return strings.Compare(a.name, b.name) })
		for _, f := range fields {
			content = binary.AppendUvarint(appendText(content, f.name), uint64(m.of(f.value)))
		}
	case d.Kind == plan.List:
		for _, item := range d.items {
			content = binary.AppendUvarint(content, uint64(m.of(item)))
		}
	case d.Kind == plan.String:
		content = append(content, d.Text...)
	default:
		content = plan.AppendJSON(content, d.Node)
	}
	number, ok := m.byContent[string(content)]
	if !ok {
		number = len(m.byContent)
		m.byContent[string(content)] = number
	}
	if len(d.fields)+len(d.items) > 0 {
		m.byDraft[d] = number
	}
	return number
}

// appendText appends a text so that it is known where it ends.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func boolByte(is bool) byte {
	if is {
		return 1
	}
	return 0
}
