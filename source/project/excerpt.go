package project

import (
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// secretSections are the keys of the project file whose values may contain passwords or
// their hashes.
var secretSections = []string{"acl", "users", "credentials"}

// inSecretSection reports whether a line is in a section that may contain passwords, or
// begins one. It needs no valid YAML: a line belongs to the nearest lines above it that
// are indented less. An item of a list may be indented like its key.
func inSecretSection(lines []string, number int) bool {
	limit := -1
	for i := number - 1; i >= 0 && i < len(lines); i-- {
		line := lines[i]
		text := strings.TrimLeft(line, " \t")
		if text == "" || text[0] == '#' && i != number-1 {
			continue
		}
		indent := len(line) - len(text)
		isItem := strings.HasPrefix(text, "-")
		if limit >= 0 && indent >= limit {
			continue
		}
		if beginsSecretSection(text) {
			return true
		}
		if limit = indent; isItem {
			limit++
		}
		if limit == 0 {
			return false
		}
	}
	return false
}

// beginsSecretSection reports whether a line has the key of such a section, also within
// braces.
func beginsSecretSection(line string) bool {
	for key := range strings.SplitSeq(line, ":") {
		words := strings.FieldsFunc(key, func(r rune) bool { return strings.ContainsRune(" \t{,-\"'?", r) })
		if len(words) > 0 && isSecretSection(words[len(words)-1]) {
			return true
		}
	}
	return false
}

// isSecretSection reports whether a key is that of such a section, or a typo of it.
func isSecretSection(key string) bool { return plan.Closest(key, secretSections) != "" }
