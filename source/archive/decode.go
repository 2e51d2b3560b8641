package archive

import (
	"bytes"
	"errors"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/confo-sync/confo-sync/plan"
)

// line is a node or file in an archive, or a deletion.
type line struct {
	plan.Stored
	gone  bool
	wrong string // message for Verify
}

// parser parses the lines of a member. It accepts what appendLine writes, and little
// else: keys in any order and any escapes, but no white space, no unknown keys and no
// duplicates.
//
// Strings are unescaped in place, and the results refer to the member's memory. So
// parsing needs no allocations for strings. The member must not be changed afterwards,
// and stays in memory as long as a result does.
type parser struct {
	b       []byte // the member
	i       int
	backend string
	stats   []plan.Stat
	access  map[string]plan.Access // by text, because most nodes share a few ACLs
}

// maxShared is the maximum number of shared ACLs.
const maxShared = 256

var errLine = errors.New("does not follow the format")

// parse returns the lines of a member. n is the expected number.
func (p *parser) parse(n int, amending bool) ([]line, error) {
	if !utf8.Valid(p.b) {
		return nil, errors.New("is not UTF-8")
	}
	p.access = map[string]plan.Access{}
	most := limitsOf(p.backend)
	lines := make([]line, 0, min(n, len(p.b)/minLine))
	for p.i < len(p.b) {
		if len(lines) == n {
			return lines, errors.New("is one more than the manifest lists")
		}
		from := p.i
		var l line
		if !p.line(&l) || l.gone && !amending {
			return lines, errLine
		}
		if p.i-from > most.line {
			return lines, errors.New("is longer than the limit of a line")
		}
		check := checkStored
		if l.gone {
			check = func(backend string, s *plan.Stored) error { return checkPath(backend, s.Path) }
		}
		if err := check(p.backend, &l.Stored); err != nil {
			return lines, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (p *parser) take(c byte) bool {
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *parser) word(w string) bool {
	if len(p.b)-p.i >= len(w) && string(p.b[p.i:p.i+len(w)]) == w {
		p.i += len(w)
		return true
	}
	return false
}

// The keys of a line as bits.
const (
	hasPath = 1 << iota
	hasNamespace
	hasConfig
	hasForeign
	hasGone
	hasFolder
	hasMode
	hasLink
	hasData
	hasAccess
	hasStat
)

func (p *parser) line(l *line) bool {
	seen := 0
	var data []byte
	if !p.take('{') {
		return false
	}
	for {
		key, ok := p.text()
		if !ok || !p.take(':') {
			return false
		}
		var bit int
		switch string(key) {
		case "path":
			bit, ok = hasPath, p.name(&l.Path)
		case "path_base64":
			bit, ok = hasPath, p.odd(&l.Path)
		case "namespace":
			bit, ok = hasNamespace, p.name(&l.Key.Namespace)
		case "namespace_base64":
			bit, ok = hasNamespace, p.odd(&l.Key.Namespace)
		case "configuration":
			bit, ok = hasConfig, p.name(&l.Key.Config)
		case "configuration_base64":
			bit, ok = hasConfig, p.odd(&l.Key.Config)
		case "foreign":
			bit, ok = hasForeign, p.name(&l.Foreign)
		case "gone":
			bit, ok = hasGone, p.word("true")
			l.gone = true
		case "folder":
			bit, ok = hasFolder, p.word("true")
			l.Folder = true
		case "mode":
			bit, ok = hasMode, p.mode(&l.Mode)
		case "link":
			bit, ok = hasLink, p.name(&l.Link)
		case "link_base64":
			bit, ok = hasLink, p.odd(&l.Link)
		case "data":
			bit = hasData
			if ok = p.word("null"); !ok {
				data, ok = p.text()
			}
		case "base64":
			bit = hasData
			data, ok = p.base64()
		case "acl":
			bit, ok = hasAccess, p.list(&l.Access)
		case "stat":
			bit, ok = hasStat, p.stat(&l.Stat)
		default:
			return false
		}
		if !ok || seen&bit != 0 {
			return false
		}
		seen |= bit
		if p.take('}') {
			break
		}
		if !p.take(',') {
			return false
		}
	}
	if !p.take('\n') || seen&hasPath == 0 {
		return false
	}
	if l.gone {
		return seen == hasPath|hasGone
	}
	l.Value = plan.NewValue(data)
	return (seen&hasData == 0) == l.Folder
}

// name reads a string. The result refers to the member's memory.
func (p *parser) name(into *string) bool {
	b, ok := p.text()
	*into = unsafe.String(unsafe.SliceData(b), len(b))
	return ok
}

// odd reads a name that is not UTF-8.
func (p *parser) odd(into *string) bool {
	b, ok := p.base64()
	*into = string(b)
	return ok && !utf8.Valid(b)
}

// mode reads permission bits, as in "0644".
func (p *parser) mode(into *uint32) bool {
	b, ok := p.text()
	if !ok || len(b) < 2 || len(b) > 5 || b[0] != '0' {
		return false
	}
	for _, c := range b {
		if c < '0' || c > '7' {
			return false
		}
		*into = *into<<3 | uint32(c-'0')
	}
	return *into != 0
}

func (p *parser) list(into *plan.Access) bool {
	end := bytes.IndexByte(p.b[p.i:], ']')
	if end < 0 {
		return false
	}
	text := p.b[p.i : p.i+end+1]
	if known, ok := p.access[string(text)]; ok {
		*into = known
		p.i += len(text)
		return true
	}
	written := string(text) // before unescaping
	from := p.i
	list := plan.Access{}
	if !p.take('[') {
		return false
	}
	for !p.take(']') {
		if len(list) > 0 && !p.take(',') {
			return false
		}
		entry, ok := p.text()
		if !ok {
			return false
		}
		list = append(list, string(entry))
	}
	if p.i-from == len(written) && len(p.access) < maxShared { // no entry contains a bracket
		p.access[written] = list
	}
	*into = list
	return true
}

func (p *parser) stat(into **plan.Stat) bool {
	if len(p.stats) == cap(p.stats) {
		p.stats = make([]plan.Stat, 0, 512)
	}
	p.stats = append(p.stats, plan.Stat{})
	s := &p.stats[len(p.stats)-1]
	*into = s
	return p.field(`{"czxid":`, &s.Czxid) && p.field(`,"mzxid":`, &s.Mzxid) && p.field(`,"pzxid":`, &s.Pzxid) &&
		p.field(`,"ctime":`, &s.Ctime) && p.field(`,"mtime":`, &s.Mtime) &&
		p.field32(`,"version":`, &s.Version) && p.field32(`,"cversion":`, &s.Cversion) && p.field32(`,"aversion":`, &s.Aversion) &&
		p.field(`,"ephemeralOwner":`, &s.EphemeralOwner) && p.take('}')
}

func (p *parser) field32(key string, into *int32) bool {
	var n int64
	ok := p.field(key, &n)
	*into = int32(n)
	return ok && n >= math.MinInt32 && n <= math.MaxInt32
}

// field reads a key and an integer.
func (p *parser) field(key string, into *int64) bool {
	if !p.word(key) {
		return false
	}
	negative := p.take('-')
	from := p.i
	var n uint64
	for p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' && p.i-from < 19 {
		n = n*10 + uint64(p.b[p.i]-'0')
		p.i++
	}
	digits := p.i - from
	if digits == 0 || digits > 1 && p.b[from] == '0' {
		return false
	}
	if negative {
		*into = -int64(n)
		return n > 0 && n <= 1<<63
	}
	*into = int64(n)
	return n <= math.MaxInt64
}
