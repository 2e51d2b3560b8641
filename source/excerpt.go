package source

import (
	"regexp"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

const (
	masked       = "(sensitive)"
	excerptWidth = 160     // characters of a line that are shown
	excerptLimit = 1 << 16 // bytes of a line that are looked through
)

// excerpt returns the source line at a position, printable and with what may be
// a secret masked. It would rather hide too much: what comes after a name like
// password is hidden to the end of the line, and so is what begins in a secret
// further up. Of syntax errors, where nothing is certain to be what it seems,
// it hides more.
func (t *text) excerpt(states []lineState, position plan.Position, syntax bool) string {
	number := int(position.Line)
	if number < 1 || number > len(states) {
		return ""
	}
	if t.length(number) > excerptLimit {
		return masked
	}
	if t.shown.number != number || t.shown.syntax != syntax {
		hidden := t.hiddenLine(states, number, syntax)
		if syntax && marksSome(t.data) { // any value may be the same as a marked one
			hidden = maskAfter(hidden, keyEnd(hidden))
		}
		t.shown = shownLine{number, syntax, []rune(hidden)}
	}
	return plan.Printable(window(t.shown.characters, int(position.Column)))
}

// shownLine is what may be shown of a line. A text keeps the last, as a long line
// may have many findings.
type shownLine struct {
	number     int
	syntax     bool
	characters []rune
}

// hiddenLine returns a line with what may be a secret masked.
func (t *text) hiddenLine(states []lineState, number int, syntax bool) string {
	line := t.line(number)
	switch state := states[number-1]; {
	case trimBlanks(line) == "":
		return ""
	case state&(insideQuote|insideBlock) != 0:
		return masked
	case state&insideSecret != 0 && !syntax:
		return maskAfter(line, keyEnd(line))
	case state&insideSecret != 0, syntax && (t.afterSecret(states, number) || !hasKey(line)):
		return masked
	}
	return mask(line)
}

// afterSecret reports whether the line before, but for blank ones, says or ends
// in a secret: without its syntax error this line might have been part of it.
func (t *text) afterSecret(states []lineState, number int) bool {
	for number--; number > 0; number-- {
		line := t.line(number)
		if trimBlanks(line) != "" {
			return states[number-1]&insideSecret != 0 || len(line) > excerptLimit || mask(line) != line
		}
	}
	return false
}

// mask hides what may be secret in a line that begins in none.
func mask(line string) string {
	for _, at := range localTag.FindAllStringSubmatchIndex(line, -1) {
		tag, end := at[2], at[3]
		if opensValue[line[tag:end]] {
			continue
		}
		if referenceTag.MatchString(line[tag:]) {
			end = tag
		}
		line = maskAfter(line, end)
		break
	}
	from, last := 0, 0
	for i := 0; i < len(line); i++ {
		if line[i] != ':' && line[i] != '=' {
			continue
		}
		if isSecretKey(line[from:i]) {
			return maskAfter(line, i+1)
		}
		if endsWord(line, i+1) {
			last = i + 1
		}
		from = i + 1
	}
	switch {
	case isSecretKey(referenceTag.ReplaceAllString(line[from:], "")), strings.Contains(line, "-----BEGIN"):
		return maskAfter(line, last)
	case plan.LooksSecret(line), plan.LooksSecret(strings.TrimSpace(line[last:])):
		return maskAfter(line, keyEnd(line))
	}
	return maskRuns(line)
}

// localTag is a tag such as !sensitive. Whatever it is called, it may have been meant to
// mark a secret, unless it is one of opensValue.
var localTag = regexp.MustCompile(`(?:^|[ \t\[{,:-])(![A-Za-z][\w-]*)`)

// opensValue are the tags after which a value, or the name of one, may be shown.
var opensValue = map[string]bool{"!env": true, "!file": true, tagDelete: true, tagAppend: true, tagPrepend: true, tagReplace: true}

// referenceTag is a reference as far as it may be shown: with the name of its
// variable or file.
var referenceTag = regexp.MustCompile(`^[ \t]*(!(env|file)(:[a-z]+)?[ \t]+[\w./-]+([ \t]|$)|!(env|file|age)(:[a-z]+)?([ \t]|$))`)

// maskAfter hides what follows the first end bytes of a line, except a reference.
func maskAfter(line string, end int) string {
	if tag := referenceTag.FindString(line[end:]); tag != "" {
		end += len(tag)
	}
	if trimBlanks(line[end:]) == "" {
		return line
	}
	shown := strings.TrimRight(line[:end], " \t")
	if strings.TrimLeft(shown, " \t") != "" {
		shown += " "
	}
	return shown + masked
}

// keyEnd returns where the key that the line begins with ends, with its colon;
// 0 when it begins with none.
func keyEnd(line string) int {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t' || isIndicator(line[i:], "-") || line[i] == '{') {
		i++
	}
	start := i
	if i < len(line) && (line[i] == '"' || line[i] == '\'') {
		closing := strings.IndexByte(line[i+1:], line[i])
		if closing < 0 {
			return 0
		}
		i += closing + 2
		i += len(line[i:]) - len(trimBlanks(line[i:]))
		if i < len(line) && line[i] == ':' {
			return i + 1
		}
		return 0
	}
	for ; i < len(line); i++ {
		switch c := line[i]; {
		case c == ':' && i > start && endsWord(line, i+1):
			return i + 1
		case strings.IndexByte("{}[],#|>!&*", c) >= 0:
			return 0
		}
	}
	return 0
}

// hasKey reports whether a line says of a value what it is, or holds no value
// at all.
func hasKey(line string) bool {
	return keyEnd(line) > 0 || strings.Trim(line, " \t{}[],:-?\"'") == ""
}

// maskRuns hides long runs of letters and digits, which keys and hashes are
// made of, but not names of fields.
func maskRuns(line string) string {
	const shortest = 24
	var b strings.Builder
	shown := 0
	for i := 0; i < len(line); {
		end, letters, digits := i, false, false
		for end < len(line) && isRun(line[end]) {
			letters = letters || line[end]|0x20 >= 'a' && line[end]|0x20 <= 'z'
			digits = digits || isDigit(line[end])
			end++
		}
		if end-i >= shortest && letters && digits && !isName(line[end:]) {
			b.WriteString(line[shown:i])
			b.WriteString(masked)
			shown = end
		}
		i = end + 1
	}
	b.WriteString(line[shown:])
	return b.String()
}

func isRun(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("+/=_-", c) >= 0
}

// isName reports whether what comes before rest is a key.
func isName(rest string) bool {
	rest = trimBlanks(strings.TrimLeft(rest, `"'`))
	return rest != "" && rest[0] == ':' && endsWord(rest, 1)
}

// window cuts a long line to what is around the column.
func window(line []rune, column int) string {
	if len(line) <= excerptWidth {
		return string(line)
	}
	from := max(0, min(column-1-excerptWidth/2, len(line)-excerptWidth))
	to := min(len(line), from+excerptWidth)
	cut := string(line[from:to])
	if from > 0 {
		cut = "…" + cut
	}
	if to < len(line) {
		cut += "…"
	}
	return cut
}
