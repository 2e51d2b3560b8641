package sensitive

import (
	"regexp"
	"strings"
)

// assignments finds what a text gives to a secret's name, in whatever language:
//
//	password=x    "token": x    api_key => x    --password x    <secret>x
//	auth_pass x   define('DB_PASS', 'x')        PASSWORD 'x'
//	name: db_password, value: x     <property name="password" value="x"/>
//	password: |   and """ and \ at the end of a line, with the lines that follow
//
// A part goes on to the end of its line.
func (f *finder) assignments() {
	netrc := strings.Contains(f.text, "login ") || strings.Contains(f.text, "machine ")
	for i := 0; i < len(f.text); i++ {
		switch f.text[i] {
		case '=', ':', '>', ' ', '\t', ',', '(':
		default:
			continue
		}
		name := f.nameBefore(i)
		if name == "" {
			continue
		}
		if to := f.labelled(name, i); to > i {
			i = to - 1
			continue
		}
		if class := Name(name); class != Open && f.assigns(i, name, netrc) {
			i = max(i, f.hide(class, i+1)-1)
		} else if isUserFlag(name) {
			f.userFlag(i + 1)
		}
	}
}

// nameBefore returns the name that ends before the sign at i, or nothing.
func (f *finder) nameBefore(i int) string {
	end := i
	if sign := f.text[i]; sign == '=' || sign == ':' || sign == ',' {
		for end > 0 && (f.text[end-1] == ' ' || f.text[end-1] == '\t') {
			end--
		}
		for end > 0 && strings.IndexByte("\"'`]\\", f.text[end-1]) >= 0 {
			end--
		}
	}
	start := end
	for start > 0 && isNameByte(f.text[start-1]) && end-start < longestName {
		start--
	}
	return f.text[start:end]
}

// longestName is how much of a name in a text is looked at.
const longestName = 128

// assigns reports whether the sign at i gives something to the name before it. A
// blank does so only after a flag, after a name of several words that begins its
// line, in a netrc file and before a quote; ">" only after an element of XML; a
// comma only after a flag or in parentheses.
func (f *finder) assigns(i int, name string, netrc bool) bool {
	start := i - len(name)
	before := byte('\n')
	if start > 0 {
		before = f.text[start-1]
	}
	switch f.text[i] {
	case '=', ':':
		return true
	case '>':
		return before == '<'
	case '(':
		return f.quoteAt(i + 1)
	case ',':
		start = strings.LastIndex(f.text[:i], name)
		return strings.HasPrefix(name, "-") || start > 1 && f.text[start-2] == '('
	}
	return strings.HasPrefix(name, "-") || netrc || f.quoteAt(i+1) ||
		f.beginsLine(start) && strings.ContainsAny(name, "_.-") || directives[name]
}

// directives are names of one word that configuration files of servers set with
// a blank.
var directives = set(`requirepass masterauth`)

func (f *finder) quoteAt(i int) bool {
	for i < len(f.text) && (f.text[i] == ' ' || f.text[i] == '\t') {
		i++
	}
	return i < len(f.text) && strings.IndexByte("\"'`", f.text[i]) >= 0
}

// beginsLine reports whether only blanks, and the dash of a list in YAML, stand
// before i in its line.
func (f *finder) beginsLine(i int) bool {
	for i > 0 && strings.IndexByte(" \t-", f.text[i-1]) >= 0 {
		i--
	}
	return i == 0 || f.text[i-1] == '\n'
}

// indent returns how many blanks and dashes the line of i begins with.
func (f *finder) indent(i int) int {
	start := strings.LastIndexByte(f.text[:i], '\n') + 1
	return len(f.text[start:i]) - len(strings.TrimLeft(f.text[start:i], " \t-"))
}

// hide hides what stands from from to the end of its line, and returns where that
// is. Of a value that goes on in the lines below, all is hidden.
func (f *finder) hide(class Class, from int) int {
	sign := from
	for from < len(f.text) && strings.IndexByte("=:>", f.text[from]) >= 0 {
		from++
	}
	for from < len(f.text) && (f.text[from] == ' ' || f.text[from] == '\t') {
		from++
	}
	to := f.lineEnd(from)
	value := strings.Trim(f.text[from:to], "\"'`;,})] \t")
	if !class.Hides(value, false) || isNothing(value) {
		return to
	}
	to = f.continued(from, to, sign)
	f.add(from, to)
	return to
}

func isNothing(value string) bool {
	switch value {
	case "true", "false", "True", "False", "null", "None", "nil":
		return true
	}
	return placeholder.MatchString(value)
}

// placeholder is what a template or a shell replaces by a value.
var placeholder = regexp.MustCompile(`^(\{\{ *[\w.]{1,64} *\}?\}?|\$\{[A-Za-z_][\w.]{0,64}|%\(\w{1,64}\)s?)$`)

// lineEnd returns where the line of i ends.
func (f *finder) lineEnd(i int) int {
	to := len(f.text)
	if end := strings.IndexByte(f.text[i:], '\n'); end >= 0 {
		to = i + end
	}
	if to > i && f.text[to-1] == '\r' {
		to--
	}
	return to
}

// continued returns where a value ends that begins in a line: after the closing
// triple quote, after the lines that a backslash continues, and, if the line says
// nothing or "|", after the lines that are indented deeper than this one. sign is
// in the line.
func (f *finder) continued(from, to, sign int) int {
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
	if !opensBlock(value) {
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
		if trimmed := strings.TrimLeft(line, " \t"); trimmed != "" && len(line)-len(trimmed) <= indent {
			break
		}
		to = end
	}
	return to
}

// opensBlock reports whether a value is in the lines that follow.
func opensBlock(value string) bool {
	return strings.Trim(value, "|>+-0123456789 \t") == "" || value == "[" || value == "{"
}

// labels are fields and attributes that name what is given in the one beside:
// name: db_password, value: x.
var labels = set(`name key id variable var parameter property option header field env setting attribute parameterkey`)

// values are the fields beside.
var values = set(`value val values default content data text parametervalue defaultvalue stringvalue`)

// labelled hides what is given to a secret that the label before i names, and
// returns where that ends; or 0.
func (f *finder) labelled(label string, i int) int {
	if !labels[strings.ToLower(label)] || f.text[i] == ' ' || f.text[i] == '\t' {
		return 0
	}
	from := i + 1
	for from < len(f.text) && strings.IndexByte("=:> \t\"'`\\", f.text[from]) >= 0 {
		from++
	}
	to := from
	for to < len(f.text) && isNameByte(f.text[to]) {
		to++
	}
	class := Name(f.text[from:to])
	if class == Open {
		return 0
	}
	end := f.lineEnd(to)
	if rest := strings.Trim(f.text[to:end], "\"'`,;})/> \t"); givesValue(rest, f.text[to:end]) {
		f.add(to, end)
		return end
	} else if rest != "" && !isClosingTag(rest) {
		return 0
	}
	return f.valueBelow(class, end)
}

// givesValue reports whether the rest of a line after a secret's name gives it a
// value: an attribute or field, or what an element of XML holds.
func givesValue(rest, line string) bool {
	if rest == "" || isClosingTag(rest) {
		return false
	}
	return strings.ContainsAny(rest, "=:<") || strings.HasPrefix(strings.TrimLeft(line, `"'`), ">")
}

func isClosingTag(rest string) bool {
	return strings.HasPrefix(rest, "</") && strings.IndexByte(rest[1:], '<') < 0
}

// valueBelow hides the value in the line that follows to, if it begins as one, and
// returns where that ends.
func (f *finder) valueBelow(class Class, to int) int {
	start := to
	for start < len(f.text) && (isSpace(f.text[start]) || strings.IndexByte(`"'<`, f.text[start]) >= 0) {
		start++
	}
	end := start
	for end < len(f.text) && isNameByte(f.text[end]) {
		end++
	}
	if !values[strings.ToLower(f.text[start:end])] {
		return 0
	}
	for end < len(f.text) && strings.IndexByte(`"'`, f.text[end]) >= 0 {
		end++
	}
	return f.hide(class, end)
}

// isUserFlag reports whether a flag's argument is user:password.
func isUserFlag(name string) bool {
	return name == "-u" || name == "--user" || name == "--proxy-user" || name == "-U"
}

// userFlag hides what follows the ":" of the argument that begins at from.
func (f *finder) userFlag(from int) {
	to := f.end(from, blanks)
	if colon := strings.IndexByte(f.text[from:to], ':'); colon > 0 {
		f.add(from+colon+1, to)
	}
}

// passwordFiles finds passwords where they have no names: the lines of a .pgpass
// file, and the arguments of programs that take one.
func (f *finder) passwordFiles() {
	for from := 0; from < len(f.text); {
		to := f.lineEnd(from)
		fields := strings.SplitN(f.text[from:min(to, from+1024)], ":", 6)
		if len(fields) == 5 && isPort(fields[1]) && !strings.ContainsAny(fields[0], blanks) && isPlainName(fields[2]) && isPlainName(fields[3]) {
			f.add(to-len(fields[4]), to)
		}
		from = max(to, from) + 1
	}
	for _, command := range []string{"sshpass -p", "redis-cli -a ", "mysql -p", "IDENTIFIED BY ", "identified by "} {
		f.each(command, func(at int) int {
			start := at + len(command)
			for start < len(f.text) && f.text[start] == ' ' {
				start++
			}
			end := f.end(start, blanks)
			f.add(start, end)
			return end
		})
	}
}

func isPort(text string) bool {
	return text == "*" || text != "" && strings.Trim(text, "0123456789") == ""
}

func isPlainName(text string) bool {
	return text == "*" || text != "" && isLetter(text[0]) && strings.TrimFunc(text, func(r rune) bool { return r < 128 && isNameByte(byte(r)) }) == ""
}
