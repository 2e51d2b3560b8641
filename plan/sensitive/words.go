package sensitive

import (
	"strings"
	"unicode"
)

// wordsOf returns the words of a name in lower case, with names that run
// together taken apart: dbPassword, API_KEY, APIKey, smtp-password2, PGPASSWORD.
func wordsOf(name string) []string {
	var words []string
	for _, word := range splitWords(name) {
		words = appendParts(words, word)
	}
	return words
}

// splitWords splits a name at whatever is no letter, and at capitals.
func splitWords(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, string(word))
			word = word[:0]
		}
	}
	runes := letters(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) {
			end()
			continue
		}
		if unicode.IsUpper(r) && i > 0 {
			afterLower := unicode.IsLower(runes[i-1])
			startsWord := unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !isPluralS(runes[i+1:])
			if afterLower || startsWord {
				end()
			}
		}
		word = append(word, unicode.ToLower(r))
	}
	end()
	return words
}

// letters returns the runes of a name without the accents that stand apart, and
// with wide letters as the usual ones.
func letters(name string) []rune {
	var runes []rune
	for _, r := range name {
		switch {
		case unicode.IsMark(r):
			continue
		case r >= '！' && r <= '～':
			r -= '！' - '!'
		}
		runes = append(runes, r)
	}
	return runes
}

// isPluralS reports whether a word ends with the "s" that rest begins with, as
// in DSNs.
func isPluralS(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || !unicode.IsLower(rest[1]))
}

// longest is how long a word may be to be taken apart. No name that people
// write has a longer one.
const longest = 64

// appendParts appends a word, taken apart if it is several that run together:
// authtoken, passwordfile, dbpass.
func appendParts(words []string, word string) []string {
	if len(word) > longest || ordinary[word] || isKnown(word) {
		return append(words, word)
	}
	for _, stem := range stems {
		if len(stem) >= len(word) {
			continue
		}
		if rest, ok := strings.CutSuffix(word, stem); ok {
			return append(appendParts(words, rest), stem)
		}
		if before, rest, ok := strings.Cut(word, stem); ok && isKnown(rest) {
			if before != "" {
				words = append(words, before)
			}
			return append(words, stem, rest)
		}
	}
	return append(words, word)
}

// isKnown reports whether a word is one that the rules know, by itself.
func isKnown(word string) bool {
	return anywhere[singular(word)] || anywhere[word] || atEnd[word] || harmless[word] || isQualifier[word]
}

// singular returns a word without the "s" of a plural.
func singular(word string) string { return strings.TrimSuffix(word, "s") }
