package sensitive

import (
	"strings"
	"unicode/utf8"
)

// assignments finds the values that a text assigns to the name of a secret, in many
// languages:
//
//	password=x    "token": x    api_key => x    --password x    <secret>x
//	auth_pass x   define('DB_PASS', 'x')        PASSWORD 'x'
//	name: db_password, value: x     <property name="password" value="x"/>
//	password: |   and """ and \ at the end of a line, with the lines that follow
//
// A value ends at the end of its line.
func (f *finder) assignments() {
	jwk := strings.Contains(f.text, "kty")
	section := "" // the INI or TOML section, if its name is that of a secret
	for i := 0; i < len(f.text); i++ {
		switch f.text[i] {
		case '=', ':', '>', ' ', '\t', ',', '(':
		case '|':
			if !f.isFallback(i) {
				continue
			}
		case '%', wide:
			if f.escapedSign(i) == 0 {
				continue
			}
		case '<':
			f.element(i + 1)
			continue
		case '[':
			section = f.section(i, section)
			continue
		default:
			continue
		}
		name := f.nameBefore(i)
		if name == "" || f.text[i] == ':' && (strings.HasPrefix(f.text[i+1:], "//") && f.isURL(i) || f.isHost(i, name) || f.inARN(i-len(name))) {
			continue
		}
		if to := f.labelled(name, i); to > i {
			i = to - 1
			continue
		}
		class := Name(name)
		switch {
		case jwk && jwkMembers[name] && i > len(name) && f.text[i-1] == '"':
			class = Secret
		case section != "" && f.text[i] == '=' && f.beginsLine(i-len(name)-f.gap(i)):
			class = Name(section, name)
		}
		if class != Open && f.assigns(i, name) {
			i = max(i, f.hide(class, i+1)-1)
		} else if class == Secret {
			f.mentioned(i, name)
		}
	}
}

// isFallback reports whether the text after the sign at i is the default for a
// variable: ENV["TOKEN"] || "x", {{ token | default("x") }}.
func (f *finder) isFallback(i int) bool {
	rest := f.text[i+1:]
	if after, ok := strings.CutPrefix(rest, "|"); ok {
		return f.quoteAt(len(f.text) - len(after))
	}
	after, ok := strings.CutPrefix(strings.TrimPrefix(rest, " "), "default(")
	return ok && f.quoteAt(len(f.text)-len(after))
}

// inARN reports whether the text at i is in an AWS resource name:
// arn:aws:secretsmanager:eu-west-1:1:secret:db.
func (f *finder) inARN(i int) bool {
	start := i
	for start > 0 && i-start < longestName && (isNameByte(f.text[start-1]) || f.text[start-1] == ':') {
		start--
	}
	return strings.HasPrefix(f.text[start:], "arn:")
}

// isURL reports whether the name before i is the scheme of a URL.
func (f *finder) isURL(i int) bool {
	return i+3 < len(f.text) && f.text[i+3] != '/' && !isSpace(f.text[i+3]) && i > 0 && isNameByte(f.text[i-1])
}

// isHost reports whether the name before the colon at i is a host, followed by a port:
// http://auth:9091/, auth:9091, secrets.example.com:443.
func (f *finder) isHost(i int, name string) bool {
	const longestPort = 5
	end := i + 1 + f.after(i+1, longestPort, isDigit)
	if end == i+1 || f.text[i-1] != name[len(name)-1] || end < len(f.text) && strings.IndexByte(blanks+"/?#,;\"'`)]}>", f.text[end]) < 0 {
		return false
	}
	top := name[strings.LastIndexByte(name, '.')+1:]
	return strings.HasSuffix(f.text[:i-len(name)], "://") || Name(name) == Scheme || len(top) < len(name) && domains[strings.ToLower(top)]
}

// domains are the last parts of host names.
var domains = set(`local localdomain internal svc lan corp com net org io cloud example test`)

// nameBefore returns the name that ends before the sign at i, or "".
func (f *finder) nameBefore(i int) string {
	end := i
	if sign := f.text[i]; sign != ' ' && sign != '\t' && sign != '>' && sign != '(' {
		for _, quote := range []string{"&quot;", "%22"} {
			end -= len(f.text[:end]) - len(strings.TrimSuffix(f.text[:end], quote))
		}
		if sign == '=' && end > 0 && (f.text[end-1] == '?' || f.text[end-1] == '+') {
			end-- // NAME ?= x
		}
		for end > 0 && (f.text[end-1] == ' ' || f.text[end-1] == '\t') {
			end--
		}
		if open := f.openIndex(end); open > 0 {
			end = open
		}
		for end > 0 && strings.IndexByte("\"'`]\\", f.text[end-1]) >= 0 {
			end--
		}
	}
	start := end
	for start > 0 && (isNameByte(f.text[start-1]) || f.text[start-1] >= utf8.RuneSelf) && end-start < longestName {
		start--
	}
	return f.text[start:end]
}

// openIndex returns the position of the bracket that opens an index ending at end, as
// in passwords[0]; or 0.
func (f *finder) openIndex(end int) int {
	if end == 0 || f.text[end-1] != ']' {
		return 0
	}
	open := end - 2
	for open > 0 && isDigit(f.text[open]) {
		open--
	}
	if open <= 0 || f.text[open] != '[' {
		return 0
	}
	return open
}

// longestName is the maximum length of a name in a text.
const longestName = 128

// assigns reports whether the sign at i assigns a value to the name before it. A blank
// does so only in these cases: after a flag, before a quote, in a netrc file, or after
// a name of several words at the start of a line if one word follows. ">" does so only
// after an XML element, and a comma only after a flag or in parentheses.
func (f *finder) assigns(i int, name string) bool {
	start := i - len(name)
	switch f.text[i] {
	case '=':
		return i+1 == len(f.text) || f.text[i+1] != '=' || f.quoteAt(i+2) // not a comparison
	case ':', '%', '|', wide:
		return true
	case '>':
		for start > 0 && (isNameByte(f.text[start-1]) || f.text[start-1] == ':') && i-start < longestName {
			start--
		}
		return start > 0 && f.text[start-1] == '<'
	case '(':
		return f.quoteAt(i + 1)
	case ',':
		start = strings.LastIndex(f.text[:i], name)
		return strings.HasPrefix(name, "-") || start > 1 && f.text[start-2] == '(' ||
			start > 0 && f.text[start-1] == '{' && f.quoteAt(i+1+len(f.text[i+1:])-len(strings.TrimLeft(f.text[i+1:], " <")))
	}
	return strings.HasPrefix(name, "-") || f.inNetrc(start) || f.quoteAt(i+1) ||
		f.beginsLine(start) && strings.ContainsAny(name, "_.-") && f.givesOne(i) || directives[name]
}

// givesOne reports whether a single word follows the blank at i in its line, or a word
// that looks like a password. Then the line is a directive and not a sentence.
func (f *finder) givesOne(i int) bool {
	words := strings.TrimLeft(f.text[i:f.lineEnd(i)], " \t")
	first, rest, _ := strings.Cut(words, " ")
	rest = strings.TrimLeft(rest, " \t")
	return rest == "" || strings.IndexByte("#;\\|&{}", rest[0]) >= 0 || looksLikePassword(strings.TrimRight(first, ".,;"))
}

// directives are one-word names that the configuration files of servers set with a
// blank.
var directives = set(`requirepass masterauth rocommunity rwcommunity bindpw rootpw`)

func (f *finder) quoteAt(i int) bool {
	for i < len(f.text) && (f.text[i] == ' ' || f.text[i] == '\t') {
		i++
	}
	return i < len(f.text) && strings.IndexByte("\"'`", f.text[i]) >= 0
}

// beginsLine reports whether only blanks and the dash of a YAML list precede i in its
// line.
func (f *finder) beginsLine(i int) bool {
	for i > 0 && strings.IndexByte(" \t-", f.text[i-1]) >= 0 {
		i--
	}
	return i == 0 || f.text[i-1] == '\n'
}

// indent returns the number of blanks and dashes at the start of the line of i.
func (f *finder) indent(i int) int {
	start := strings.LastIndexByte(f.text[:i], '\n') + 1
	return len(f.text[start:i]) - len(strings.TrimLeft(f.text[start:i], " \t-"))
}

// hide masks the text from from to the end of its line, and the following lines if the
// value continues. It returns the end of the masked text, or from if nothing is masked.
func (f *finder) hide(class Class, from int) int {
	sign := from
	from += max(0, f.escapedSign(sign-1)-1)
	for from < len(f.text) && strings.IndexByte("=:>", f.text[from]) >= 0 {
		from++
	}
	for from < len(f.text) && (f.text[from] == ' ' || f.text[from] == '\t') {
		from++
	}
	to := f.lineEnd(from)
	raw := strings.Trim(f.text[from:to], ";,})] \t")
	value := strings.Trim(raw, "\"'`;,})] \t")
	if class == Key || class == Counting {
		value = firstWord(value)
	}
	if !class.Hides(value, false) || IsPlaceholder(value) || strings.HasPrefix(value, "? ") || raw == `""` || raw == "''" {
		return sign
	}
	if value == "" && sign > 1 && f.text[sign-1] == '>' && f.text[sign-2] != '=' {
		return f.elementBelow(to)
	}
	to = f.continued(class, from, to, sign)
	f.add(from, to)
	return to
}

// elementBelow masks the lines of an XML element that start after to. It returns their
// end.
func (f *finder) elementBelow(to int) int {
	const farthest = 4096
	end := strings.Index(f.text[to:min(len(f.text), to+farthest)], "</")
	if end < 0 {
		return to
	}
	f.add(to+len(f.text[to:to+end])-len(strings.TrimLeft(f.text[to:to+end], blanks)), to+end)
	return to + end
}

// firstWord returns the start of a value that may be a number or a key.
func firstWord(value string) string {
	const longest = 512
	value = value[:min(len(value), longest)]
	if end := strings.IndexAny(value, blanks+"\"'`;,&<)}]"); end >= 0 {
		return value[:end]
	}
	return value
}

// lineEnd returns the end of the line of i.
func (f *finder) lineEnd(i int) int {
	if f.line.To == 0 || i < f.line.From || i > f.line.To {
		f.line = Span{i, len(f.text)}
		if end := strings.IndexByte(f.text[i:], '\n'); end >= 0 {
			f.line.To = i + end
		}
	}
	to := f.line.To
	if to > i && f.text[to-1] == '\r' {
		to--
	}
	return to
}

// continued returns the end of a value that starts in a line and may continue: to the
// closing triple quote, to the end of lines that a backslash continues, or, if the line
// is empty or has "|", to the end of the lines that are indented deeper. sign is a
// position in the first line.
func (f *finder) continued(class Class, from, to, sign int) int {
	value := f.text[from:to]
	for _, quotes := range []string{`"""`, `'''`} {
		if strings.HasPrefix(value, quotes) && !strings.Contains(value[3:], quotes) {
			if end := strings.Index(f.text[to:], quotes); end >= 0 {
				return to + end + len(quotes)
			}
			return len(f.text)
		}
	}
	for strings.HasSuffix(f.text[from:to], `\`) && to < len(f.text) {
		to = f.lineEnd(min(to+1, len(f.text)))
		from = to - 1
	}
	if !opensBlock(value) && (class != Secret || !f.inYAML(sign) || strings.IndexByte(",;{[", value[len(value)-1]) >= 0) {
		return to
	}
	indent := f.indent(sign)
	for to < len(f.text) {
		start := to + strings.IndexByte(f.text[to:], '\n') + 1
		if start == to {
			break
		}
		end := f.lineEnd(start)
		line := f.text[start:end]
		trimmed := strings.TrimLeft(line, " \t")
		inList := value == "" && strings.HasPrefix(trimmed, "- ") && len(line)-len(trimmed) == indent && !f.isItem(sign)
		if trimmed != "" && len(line)-len(trimmed) <= indent && !inList {
			break
		}
		to = end
	}
	return to
}

// inYAML reports whether a value may continue in the next lines as in YAML: it follows
// a colon after a name at the start of a line.
func (f *finder) inYAML(sign int) bool {
	if sign == 0 || f.text[sign-1] != ':' {
		return false
	}
	name := f.nameBefore(sign - 1)
	return f.beginsLine(sign - 1 - f.gap(sign-1) - len(name))
}

// opensBlock reports whether the value is in the following lines.
func opensBlock(value string) bool {
	return strings.Trim(value, "|>+-0123456789 \t") == "" || value == "[" || value == "{" || value == "("
}
