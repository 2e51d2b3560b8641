package source

import (
	"bytes"
	"context"

	"github.com/confo-sync/confo-sync/plan"
)

// A namespace file of a hundred thousand configurations would be parsed on one
// core, into nodes that take twenty times its size. So a large file is cut
// before keys at its left edge, and the chunks are parsed on all cores, each
// dropped when its configurations are encoded.
//
// That a line looks like a key at the left edge doesn't make it one: it may be
// in the middle of a quoted text. But then the chunk before it ends within that
// text, and can't be parsed. So whenever a chunk is anything but flawless, the
// file is parsed whole, and what is said of it is said of the whole.

// chunkSize is about how large a chunk is, in bytes. A file of less than two is
// not worth cutting.
const chunkSize = 128 << 10

// parseChunks parses a namespace file in chunks of about so many bytes. It is
// not ok when the file can't be cut, or has anything to be said about it.
func (u unit) parseChunks(data []byte, size int) (configs []plan.Config, ok bool) {
	if u.json || u.config != "" || len(data) < 2*size || !canBeCut(data) {
		return nil, false
	}
	chunks := cut(data, size)
	parsed := make([]*document, len(chunks))
	each(context.Background(), len(chunks), func(i int) {
		d := &document{unit: u, text: newText(chunks[i])}
		d.key = plan.Key{Namespace: u.namespace}
		d.parseYAML()
		parsed[i] = d
	})
	return join(chunks, parsed)
}

// join puts the configurations of chunks together.
func join(chunks [][]byte, parsed []*document) ([]plan.Config, bool) {
	total := 0
	for _, d := range parsed {
		if len(d.notes) > 0 || len(d.configs) == 0 {
			return nil, false
		}
		total += len(d.configs)
	}
	configs := make([]plan.Config, 0, total)
	names := make(map[string]bool, total)
	lines := int32(0)
	for i, d := range parsed {
		for _, c := range d.configs {
			if c.Position.Column != 1 || names[c.Name] {
				return nil, false // keys not at the left edge, or the same in two chunks
			}
			names[c.Name] = true
			c.Position.Line += lines
			configs = append(configs, c)
		}
		lines += int32(bytes.Count(chunks[i], []byte("\n")))
	}
	return configs, true
}

// canBeCut reports whether the parts of a file mean what they mean in it: there
// are no anchors, documents or directives. Lines end with a line feed, as they
// are counted by those.
func canBeCut(data []byte) bool {
	for i, c := range data {
		switch c {
		case '\r':
			return false
		case 0xC2:
			if bytes.HasPrefix(data[i:], []byte("\u0085")) {
				return false
			}
		case 0xE2:
			if bytes.HasPrefix(data[i:], []byte("\u2028")) || bytes.HasPrefix(data[i:], []byte("\u2029")) {
				return false
			}
		case '&', '*':
			// What begins an anchor or an alias stands at the start of a
			// value. In the middle of a word it is a character.
			if i == 0 || bytes.IndexByte([]byte(" \t\n[{,:-?!"), data[i-1]) >= 0 {
				return false
			}
		case '%', '.':
			if i == 0 || data[i-1] == '\n' {
				return false
			}
		case '-':
			if (i == 0 || data[i-1] == '\n') && bytes.HasPrefix(data[i:], []byte("---")) {
				return false
			}
		}
	}
	return true
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
			if beginsKey(data[at]) {
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
// it.
func beginsKey(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '"' || c == '\'' || c >= 0x80
}
