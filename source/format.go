package source

import (
	"bytes"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// Formatted is a file in the one layout.
type Formatted struct {
	Revised
	// Warning says why the file stays as it is.
	Warning *plan.Finding
}

// Changed reports whether the file was in another layout.
func (f Formatted) Changed() bool { return !bytes.Equal(f.Before, f.After) }

// Format lays a file out in the one way that there is, which changes where things
// stand, and neither what they say nor how that is written. A file in error can't
// be laid out; the error is all that is wrong with it. One that is written in a way
// that can't be followed stays as it is, with a warning.
func (f File) Format() (Formatted, error) {
	u := f.unit
	u.references = u.references.unresolved()
	done := Formatted{Revised: f.revised(f.data)}
	if found := u.check(f.data); len(found) > 0 {
		return done, Errors(found)
	}
	after, at := u.formatted(f.data)
	if after == nil {
		w := u.unfollowed(f.data, at)
		done.Warning = &w
		return done, nil
	}
	done.After = after
	return done, nil
}

// unfollowed says where a file is written in a way that can't be followed, or if
// that is nowhere, that it stays as it is.
func (u unit) unfollowed(data []byte, at int) plan.Finding {
	if at < 0 {
		return plan.Finding{
			Position: plan.Position{File: u.shown},
			Message:  "this file was not formatted: it would not have the same values after formatting",
			Hint:     "please report this",
		}
	}
	t := newText(linesEndAlike(data))
	line, column := t.position(at)
	where := plan.Position{File: u.shown, Line: int32(line), Column: int32(column)}
	return plan.Finding{
		Position: where,
		Message:  "this file was not formatted: confo-sync can't format YAML that is written like this",
		Hint:     "write it in a simpler way here",
		Excerpt:  u.document(t.data).named().hide(line, t.excerpt(t.states(), where, true)),
	}
}

// formatted returns a file's content in the one layout: it has been read back. If
// that can't be it returns nil, and the place in the text that is not followed, or
// -1.
func (u unit) formatted(data []byte) (after []byte, at int) {
	data = linesEndAlike(data)
	if u.json {
		after = indentJSON(data)
		if !sameJSON(data, after) {
			return nil, -1
		}
		return append([]byte{}, after...), 0
	}
	before, root, ok := u.laidOut(data)
	if !ok {
		return nil, before.lost
	}
	// Whatever the layout is, it has to say the same, with the same comments, and
	// to be laid out already.
	again, reread, ok := u.laidOut(before.out)
	if !ok || !sameNodes(root, reread) || !slices.Equal(before.comments, again.comments) || !bytes.Equal(before.out, again.out) {
		return nil, -1
	}
	return append([]byte{}, before.out...), 0
}

// laidOut lays out the text of a file that is YAML.
func (u unit) laidOut(data []byte) (l *layout, root *yaml.Node, ok bool) {
	l = newLayout(data)
	d := u.document(data)
	if root, ok = d.yamlRoot(); !ok {
		return l, nil, false
	}
	l.file(root)
	return l, root, l.lost < 0
}

// linesEndAlike returns a text whose lines all end with LF, without its byte order
// mark. To YAML that is the same text.
func linesEndAlike(data []byte) []byte {
	data = bytes.ReplaceAll(withoutBOM(data), []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// sameNodes reports whether two files are the same to everything that reads YAML:
// in their values, tags, anchors and aliases, the order of keys and the style of
// each scalar.
func sameNodes(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Style != b.Style || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !sameNodes(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
