package sensitive

import "strings"

// jwkMembers are the secret members of a JSON web key.
var jwkMembers = set(`d p q dp dq qi k`)

// section returns the name of the section that begins at i, in an INI or TOML file, if
// it is named like a secret; nothing for another section; and otherwise the section as
// it was.
func (f *finder) section(i int, was string) string {
	if i > 0 && f.text[i-1] != '\n' {
		return was
	}
	line := strings.TrimSpace(f.text[i:f.lineEnd(i)])
	name, closed := strings.CutSuffix(strings.Trim(line, "["), "]")
	name = strings.TrimRight(name, "]")
	if !closed || len(name) > longestName || strings.ContainsAny(name, "[]{},") {
		return was
	}
	if Name(name) != Secret {
		return ""
	}
	return name
}

// gap returns how many blanks stand before i.
func (f *finder) gap(i int) int {
	return len(f.text[:i]) - len(strings.TrimRight(f.text[:i], " \t"))
}
