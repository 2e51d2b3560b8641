package source

import (
	"fmt"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// scribe writes YAML as people do: with comments, empty lines, anchors, and
// quotes and brackets where it takes their fancy.
type scribe struct {
	*rapid.T
	out     strings.Builder
	count   int
	anchors []string          // of values
	maps    []string          // anchors of mappings
	leaves  map[string]string // lines, by the paths of what they say
	overlay bool
	linked  bool // there are aliases
	untidy  bool // nothing is indented or spaced alike
	inline  bool // the next key follows a dash
}

func (s *scribe) chance(percent int) bool { return rapid.IntRange(0, 99).Draw(s.T, "%") < percent }

func (s *scribe) number() int { s.count++; return s.count }

// step is by how much a block is indented.
func (s *scribe) step() int {
	if !s.untidy {
		return 2
	}
	return rapid.IntRange(1, 5).Draw(s.T, "step")
}

// blank is what stands between two things on a line.
func (s *scribe) blank() string {
	if !s.untidy {
		return " "
	}
	return rapid.SampledFrom([]string{" ", "  ", " \t"}).Draw(s.T, "blank")
}

// gap is what stands between two things in brackets.
func (s *scribe) gap() string {
	if !s.untidy {
		return ""
	}
	switch rapid.IntRange(0, 11).Draw(s.T, "gap") {
	case 0:
		return fmt.Sprintf(" # in %d\n ", s.number())
	case 1:
		return fmt.Sprintf("\n  \n\n# in %d\n\n", s.number())
	case 2:
		return " \n     "
	case 3:
		return "  "
	}
	return ""
}

func (s *scribe) quote(text string) string {
	switch rapid.IntRange(0, 3).Draw(s.T, "quotes") {
	case 0:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case 1:
		return strconv.Quote(text)
	}
	if isPlain(text, resolve(text)) && !strings.ContainsAny(text, ",[]{}") {
		return text
	}
	return strconv.Quote(text)
}

func (s *scribe) scalar() string {
	switch rapid.IntRange(0, 5).Draw(s.T, "scalar") {
	case 0:
		return strconv.Itoa(rapid.IntRange(-3, 5000).Draw(s.T, "integer"))
	case 1:
		return rapid.SampledFrom([]string{"true", "null", "~", "1.5", "0x1F", ".5", "1_000"}).Draw(s.T, "word")
	}
	return s.quote(rapid.SampledFrom([]string{"one", "two words", "it's", "a: b", "# none", "ä€", "", "yes", "5", "http://x:1/#a", "-"}).Draw(s.T, "string"))
}

func (s *scribe) flow(depth int) string {
	switch kind := rapid.IntRange(0, 3).Draw(s.T, "flow"); {
	case kind == 0 && depth > 0:
		var items []string
		for range rapid.IntRange(0, 3).Draw(s.T, "n") {
			items = append(items, s.flow(depth-1))
		}
		return "[" + s.gap() + strings.Join(items, rapid.SampledFrom([]string{", ", ","}).Draw(s.T, "comma")+s.gap()) + s.gap() + "]"
	case kind == 1 && depth > 0:
		var fields []string
		for _, name := range s.names(3) {
			fields = append(fields, s.quote(name)+": "+s.gap()+s.flow(depth-1)+s.gap())
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return s.scalar()
}

func (s *scribe) names(most int) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"host", "port", "a b", "max", "5", "x.y", "url", "it's"}), 0, most, rapid.ID).Draw(s.T, "names")
}

func (s *scribe) comments(indent int) {
	if s.chance(15) {
		s.out.WriteString("\n")
	}
	if s.untidy && s.chance(10) {
		s.out.WriteString(" \n\n")
	}
	if s.untidy && s.chance(10) {
		indent = rapid.IntRange(0, indent+1).Draw(s.T, "anywhere")
	}
	if s.chance(20) {
		fmt.Fprintf(&s.out, "%s# above %d: %s\n", strings.Repeat(" ", indent), s.number(), rapid.SampledFrom([]string{"x", "'y", "key: \"z", "{["}).Draw(s.T, "comment"))
	}
}

// value writes a value after "key:" or "-".
func (s *scribe) value(path plan.Path, indent, depth int, item bool) {
	anchor := ""
	if !s.overlay && s.chance(8) {
		anchor = fmt.Sprintf("&v%d ", s.number())
	}
	name := strings.TrimSpace(strings.TrimPrefix(anchor, "&"))
	end := fmt.Sprintf("%s # %d\n", s.blank(), s.number())
	below := indent + s.step()
	kind := rapid.IntRange(0, 9).Draw(s.T, "value")
	switch {
	case kind == 0 && len(s.anchors) > 0:
		s.linked = true
		s.out.WriteString(s.blank() + "*" + rapid.SampledFrom(s.anchors).Draw(s.T, "alias") + end)
		return
	case kind == 1:
		s.out.WriteString(s.blank() + anchor + s.flow(2) + end)
	case kind == 2:
		s.out.WriteString(" " + anchor + rapid.SampledFrom([]string{"|", "|-", "|+", ">", ">-", fmt.Sprint("|", below-indent)}).Draw(s.T, "block"))
		if s.chance(30) {
			s.out.WriteString(" # block")
		}
		s.out.WriteString("\n")
		for range rapid.IntRange(1, 3).Draw(s.T, "lines") {
			fmt.Fprintf(&s.out, "%sline %d: #\n", strings.Repeat(" ", below), s.number())
			if s.untidy && s.chance(20) {
				s.out.WriteString(strings.Repeat(" ", below+2) + "deeper\n")
			}
			if s.chance(20) {
				s.out.WriteString("\n")
			}
		}
		if anchor == "" {
			return
		}
	case kind <= 4 && depth > 0:
		names := s.names(3)
		if len(names) == 0 {
			s.out.WriteString(" " + anchor + "{}" + end)
			break
		}
		tag := ""
		if s.overlay && !path.InList() && s.chance(15) {
			tag = " !replace"
		}
		if s.untidy && item && anchor+tag == "" && s.chance(60) {
			s.out.WriteString(strings.Repeat(" ", below-indent))
			s.inline, below = true, below+1
		} else {
			s.out.WriteString(strings.TrimRight(" "+anchor, " ") + tag + s.head())
		}
		s.mapping(path, names, below, depth-1)
		if anchor != "" {
			s.maps = append(s.maps, name)
		}
	case kind <= 6 && depth > 0:
		n := rapid.IntRange(1, 3).Draw(s.T, "items")
		if s.overlay && s.chance(20) {
			n = 0
		}
		if n == 0 {
			s.out.WriteString(" []" + end)
			return
		}
		s.out.WriteString(strings.TrimRight(" "+anchor, " ") + s.head())
		at := below
		if !item && s.chance(40) {
			at = indent
		}
		for i := range n {
			s.comments(at)
			s.out.WriteString(strings.Repeat(" ", at) + "-")
			s.value(path.With(plan.Item(i)), at, depth-1, true)
		}
	case s.untidy && s.chance(30):
		s.out.WriteString(s.blank() + anchor + s.longScalar(below) + end)
	default:
		s.out.WriteString(s.blank() + anchor + s.scalar() + end)
	}
	if anchor != "" {
		s.anchors = append(s.anchors, name)
	}
}

// head ends the line before a block.
func (s *scribe) head() string {
	if s.untidy && s.chance(20) {
		return fmt.Sprintf("%s# of %d\n", s.blank(), s.number())
	}
	return "\n"
}

// longScalar is a text that goes on in other lines.
func (s *scribe) longScalar(indent int) string {
	by := "\n" + strings.Repeat(" ", indent)
	text := "one " + by + "two" + strings.Repeat("\n", rapid.IntRange(0, 2).Draw(s.T, "empty")) + by + "three"
	switch rapid.IntRange(0, 3).Draw(s.T, "long") {
	case 0:
		return "'" + text + " " + by + "'"
	case 1:
		return `"` + text + `\ ` + by + `x \` + by + `\ y"`
	case 2:
		return fmt.Sprintf("# then %d%s%s", s.number(), by, text)
	}
	return text
}

func (s *scribe) mapping(path plan.Path, names []string, indent, depth int) {
	if len(s.maps) > 0 && s.chance(30) {
		s.linked = true
		margin := strings.Repeat(" ", indent)
		if s.inline {
			s.inline, margin = false, ""
		}
		fmt.Fprintf(&s.out, "%s<<: *%s\n", margin, rapid.SampledFrom(s.maps).Draw(s.T, "merge"))
	}
	for _, name := range names {
		from := s.out.Len()
		if s.inline {
			s.inline = false
		} else {
			s.comments(indent)
			from = s.out.Len()
			s.out.WriteString(strings.Repeat(" ", indent))
		}
		s.out.WriteString(s.quote(name) + ":")
		if s.overlay && !path.InList() && s.chance(8) {
			s.out.WriteString(" !delete\n")
			continue
		}
		below := path.With(plan.Name(name))
		s.value(below, indent, depth, false)
		if line := s.out.String()[from:]; strings.Count(line, "\n") == 1 && s.leaves != nil {
			s.leaves[below.String()] = line
		}
	}
}
