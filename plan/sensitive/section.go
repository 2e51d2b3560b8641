package sensitive

import "strings"

// jwkMembers are the secret members of a JSON Web Key.
var jwkMembers = set(`d p q dp dq qi k`)

// section returns the name of the INI or TOML section that starts at i, if it is the
// name of a secret. For another section it returns "". If no section starts at i, it
// returns was.
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

// gap returns the number of blanks before i.
func (f *finder) gap(i int) int {
	return len(f.text[:i]) - len(strings.TrimRight(f.text[:i], " \t"))
}
