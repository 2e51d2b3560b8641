package source

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

// extensions are those of the files that are read.
var extensions = [...]string{".yaml", ".yml", ".json"}

// extension returns the end of a file's name that is one of the extensions, in
// whatever case, or "".
func extension(base string) string {
	for _, ext := range extensions {
		if stem := len(base) - len(ext); stem >= 0 && strings.EqualFold(base[stem:], ext) {
			return base[stem:]
		}
	}
	return ""
}

// isJSON reports whether an extension is that of JSON.
func isJSON(ext string) bool { return strings.EqualFold(ext, ".json") }

// badName is the error of a name that can't be one.
type badName struct {
	message string
	hint    string
}

func (e *badName) Error() string { return e.message }

// checkName returns why no target could hold an object of that name, or nil.
func checkName(name string) error {
	reason := ""
	switch {
	case name == "":
		reason = "a name can't be empty"
	case name == "." || name == "..":
		reason = fmt.Sprintf("a name can't be %s", plan.Quote(name))
	case strings.Contains(name, "/"):
		reason = fmt.Sprintf("the name %s has a /", plan.Quote(name))
	case !utf8.ValidString(name):
		reason = fmt.Sprintf("the name %s is not UTF-8", plan.Quote(name))
	case strings.ContainsFunc(name, unicode.IsControl):
		reason = fmt.Sprintf("the name %s has a control character", plan.Quote(name))
	default:
		return nil
	}
	return &badName{reason, "give it another name"}
}

// Names of namespaces and configurations stand in file names as they are, but
// for what means something else there or what some file system refuses: that
// is percent-encoded, byte by byte, as in URLs. So every name has a file name.

// decodeName returns the name that a file name without its extension stands
// for.
func decodeName(stem string) (string, error) {
	if !strings.Contains(stem, "%") {
		return stem, nil
	}
	var b strings.Builder
	for i := 0; i < len(stem); i++ {
		if stem[i] != '%' {
			b.WriteByte(stem[i])
			continue
		}
		if i+2 >= len(stem) || !isHex(stem[i+1]) || !isHex(stem[i+2]) {
			return "", &badName{"in a file name, two hexadecimal digits must follow %", "write %25 for the character % itself"}
		}
		b.WriteByte(unhex(stem[i+1])<<4 | unhex(stem[i+2]))
		i += 2
	}
	return b.String(), nil
}

// encodeName returns the file name, without extension, or the name of the
// folder that stands for name.
func encodeName(name string) string {
	first, last := 0, len(name)-1
	if isDeviceName(name) {
		return percent(name[:1]) + encodeName(name[1:])
	}
	// A folder that looked like a file could be in the way of one.
	if ext := extension(name); ext != "" {
		last -= len(ext) - 1
	}
	var b strings.Builder
	for i, r := range name {
		size := max(utf8.RuneLen(r), 1)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(name[i:])
		}
		odd := strings.ContainsRune(`%/\<>:"|?*`, r) || !unicode.IsPrint(r) || size == 1 && r == utf8.RuneError
		switch {
		case odd,
			i == first && (r == '.' || r == '_' || r == ' '),
			i == last && (r == '.' || r == ' '):
			b.WriteString(percent(name[i : i+size]))
		default:
			b.WriteString(name[i : i+size])
		}
	}
	return b.String()
}

// isDeviceName reports whether Windows takes a file of that name, whatever its
// extension, for a device.
func isDeviceName(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && isDigit(stem[3])
}

func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
