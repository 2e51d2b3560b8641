package source

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// A namespace file of a hundred thousand configurations would be parsed on one
// core, into nodes that take ten times its size. So a large file is cut before
// keys at its left edge, and the chunks are parsed on all cores, the nodes of
// each dropped when its configurations are encoded.
//
// That a line looks like a key at the left edge doesn't make it one: it may be
// in the middle of a quoted text, or between brackets. But then the chunk before
// it ends in there, and can't be parsed. If it can, and is a mapping in block
// style whose keys are at the left edge, the parser has nothing open at its end
// but that mapping: just what it would have open there in the whole file, and
// what it has when the next chunk has begun.
//
// What is left is what one part of a file may say about another: directives,
// the ends of documents, anchors, merge keys and keys that are there twice. Such
// files, and those in error, are parsed whole: of errors nothing is said but
// what the whole file shows. An anchor without an alias in another chunk is
// none of these, and an alias without an anchor in its chunk is an error.

// chunkSize is about how large a chunk is, in bytes. A file of less than two is
// not worth cutting.
const chunkSize = 128 << 10

// parseChunks reads a large namespace file in chunks of about so many bytes. It
// is not ok when the file is none, or must be parsed whole.
func (u unit) parseChunks(ctx context.Context, w workers, data []byte, size int) (p parsed, ok bool) {
	whole := u.document(data)
	data = whole.text.data
	if u.json || u.config != "" || len(data) < 2*size || !canBeCut(data) {
		return parsed{}, false
	}
	chunks := cut(data, size)
	parts := make([]*document, len(chunks))
	var failed atomic.Bool
	w.each(ctx, len(chunks), func(i int) {
		if failed.Load() {
			return
		}
		parts[i] = &document{unit: u, text: newText(chunks[i]), key: whole.key}
		if !parts[i].parsePart() {
			failed.Store(true)
		}
	})
	if failed.Load() || ctx.Err() != nil || !whole.join(parts) {
		return parsed{}, false
	}
	return parsed{configs: whole.configs, findings: whole.findings()}, true
}

// parsePart reads a chunk of a namespace file. It is not ok when what the chunk
// says may not be what it says in the file.
func (d *document) parsePart() (ok bool) {
	root, ok := d.yamlRoot()
	if !ok || !isPart(root) {
		return false
	}
	c := d.converter(root)
	d.yamlNamespace(c, root)
	d.settle()
	return !c.limits && !slices.ContainsFunc(d.notes, func(n note) bool { return !n.warning })
}

// isPart reports whether a chunk is a mapping in block style, of ordinary keys
// that stand at the left edge.
func isPart(root *yaml.Node) bool {
	if root == nil || root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 || len(root.Content) == 0 {
		return false
	}
	for i := 0; i < len(root.Content); i += 2 {
		if key := root.Content[i]; key.Kind != yaml.ScalarNode || key.Column != 1 || key.Tag == "!!merge" {
			return false
		}
	}
	return true
}

// join makes d the whole of its parts. It is not ok when two of them have the
// same key.
func (d *document) join(parts []*document) (ok bool) {
	total := 0
	for _, part := range parts {
		total += len(part.configs)
	}
	d.configs = make([]plan.Config, 0, total)
	names := make([]string, 0, total)
	lines := 0
	for _, part := range parts {
		for _, c := range part.configs {
			c.Position.Line += int32(lines)
			d.configs = append(d.configs, c)
			names = append(names, c.Name)
		}
		for _, n := range part.notes {
			n.line += lines
			d.notes = append(d.notes, n)
		}
		lines += bytes.Count(part.text.data, []byte("\n"))
	}
	slices.Sort(names)
	if len(slices.Compact(names)) < total {
		return false
	}
	d.lintTabs()
	return true
}

// canBeCut reports whether lines can be counted by their line feeds, and nothing
// stands at the start of a line that ends a document or is a directive. (What
// begins another document is an error of the chunk it is in.)
func canBeCut(data []byte) bool {
	has := func(s string) bool { return bytes.Contains(data, []byte(s)) }
	starts := func(s string) bool { return bytes.HasPrefix(data, []byte(s)) || has("\n"+s) }
	return !starts("%") && !mayBeSealed(data) && !starts("...") &&
		bytes.Count(data, []byte("\r")) == bytes.Count(data, []byte("\r\n")) && utf8.Valid(data)
}

// cut cuts a file into chunks of at least size bytes, each of which begins with
// what may be a key.
func cut(data []byte, size int) [][]byte {
	var chunks [][]byte
	for len(data) > size {
		at := size
		for {
			next := bytes.IndexByte(data[at:], '\n')
			if next < 0 || at+next+1 >= len(data) {
				return append(chunks, data)
			}
			at += next + 1
			if beginsKey(data[at:]) {
				break
			}
		}
		chunks = append(chunks, data[:at:at])
		data = data[at:]
	}
	return append(chunks, data)
}

// beginsKey reports whether a line that begins so may begin with a key of the
// file's mapping. A comment or an element of a list belongs to what is before
// it. A byte order mark, which may begin a file, is not skipped in its middle.
func beginsKey(line []byte) bool {
	c := line[0]
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '"' || c == '\'' ||
		c >= 0x80 && !bytes.HasPrefix(line, []byte("\uFEFF"))
}
