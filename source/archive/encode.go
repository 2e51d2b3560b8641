package archive

import (
	"strconv"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// appendLine appends the line of a node or file: an object without white space, with
// its keys in a fixed order, and a line feed.
func appendLine(b []byte, s *plan.Stored) []byte {
	b = append(b, '{')
	b = appendName(b, "path", s.Path)
	switch {
	case s.Foreign != "":
		b = appendText(append(b, `,"foreign":`...), s.Foreign)
	case s.Key != (plan.Key{}):
		b = appendName(append(b, ','), "namespace", s.Key.Namespace)
		if !s.Key.IsNamespace() {
			b = appendName(append(b, ','), "configuration", s.Key.Config)
		}
	}
	if s.Folder {
		b = append(b, `,"folder":true`...)
	}
	if s.Mode != 0 {
		b = append(b, `,"mode":"0`...)
		b = strconv.AppendUint(b, uint64(s.Mode), 8)
		b = append(b, '"')
	}
	if s.Link != "" {
		b = appendName(append(b, ','), "link", s.Link)
	}
	if !s.Folder {
		b = appendData(append(b, ','), s.Value.Reveal())
	}
	if s.Access != nil {
		b = append(b, `,"acl":[`...)
		for i, entry := range s.Access {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, entry)
		}
		b = append(b, ']')
	}
	if s.Stat != nil {
		b = appendStat(append(b, `,"stat":`...), s.Stat)
	}
	return append(b, '}', '\n')
}

// appendGone appends the line of a deletion.
func appendGone(b []byte, path string) []byte {
	b = appendName(append(b, '{'), "path", path)
	return append(b, `,"gone":true}`+"\n"...)
}

func appendStat(b []byte, s *plan.Stat) []byte {
	field := func(name string, value int64) {
		b = append(append(append(b, ',', '"'), name...), '"', ':')
		b = strconv.AppendInt(b, value, 10)
	}
	start := len(b)
	field("czxid", s.Czxid)
	field("mzxid", s.Mzxid)
	field("pzxid", s.Pzxid)
	field("ctime", s.Ctime)
	field("mtime", s.Mtime)
	field("version", int64(s.Version))
	field("cversion", int64(s.Cversion))
	field("aversion", int64(s.Aversion))
	field("ephemeralOwner", s.EphemeralOwner)
	b[start] = '{'
	return append(b, '}')
}

// appendName appends a key and a name, which may contain any bytes.
func appendName(b []byte, key, name string) []byte {
	b = append(append(b, '"'), key...)
	if utf8.ValidString(name) {
		return appendText(append(b, `":`...), name)
	}
	b = append(b, `_base64":"`...)
	return append(base64Encoding.AppendEncode(b, []byte(name)), '"')
}

// appendData appends the content of a node. It is written as text if it is UTF-8 and
// escaping does not double its size, otherwise as base64. Missing data is null.
func appendData(b, data []byte) []byte {
	if data == nil {
		return append(b, `"data":null`...)
	}
	if escapes := escaped(data); escapes <= len(data) && utf8.Valid(data) {
		return appendText(append(b, `"data":`...), data)
	}
	b = append(b, `"base64":"`...)
	return append(base64Encoding.AppendEncode(b, data), '"')
}

// extra is the number of bytes that escaping adds to a byte.
var extra = func() (t [256]byte) {
	for c := range 0x20 {
		t[c] = 5
	}
	t[0x7F] = 5
	for _, c := range "\b\f\n\r\t\"\\" {
		t[c] = 1
	}
	return t
}()

// escaped returns the number of bytes that escaping adds.
func escaped(data []byte) (added int) {
	for _, c := range data {
		added += int(extra[c])
	}
	return added
}

// appendText appends a JSON string. It escapes only the required characters, so that
// people can read it.
func appendText[T string | []byte](b []byte, text T) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if extra[c] == 0 {
			continue
		}
		b = append(append(b, text[from:i]...), '\\')
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, c)
		case '\b':
			b = append(b, 'b')
		case '\f':
			b = append(b, 'f')
		case '\n':
			b = append(b, 'n')
		case '\r':
			b = append(b, 'r')
		case '\t':
			b = append(b, 't')
		default:
			b = append(b, 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
		}
	}
	return append(append(b, text[from:]...), '"')
}

const hexDigits = "0123456789abcdef"
