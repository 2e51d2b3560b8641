package sensitive

import (
	"strings"
	"unicode"
)

// wordsOf returns the words of a name in lower case. It splits joined words:
// dbPassword, API_KEY, APIKey, smtp-password2, PGPASSWORD.
func wordsOf(name string) []string {
	var words []string
	for _, word := range splitWords(name) {
		words = appendParts(words, word)
	}
	return words
}

// splitWords splits a name at capitals and at characters that are not letters.
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

// letters returns the runes of a name without combining accents, and with normal
// letters instead of full-width ones.
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

// isPluralS reports whether rest starts with the plural "s" of an abbreviation, as in
// DSNs.
func isPluralS(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || !unicode.IsLower(rest[1]))
}

// longest is the maximum length of a word to split. Real names have no longer words.
const longest = 64

// appendParts appends a word. It splits the word if it consists of several: authtoken,
// passwordfile, dbpass.
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

// isKnown reports whether the rules contain a word.
func isKnown(word string) bool {
	return anywhere[singular(word)] || anywhere[word] || atEnd[word] || harmless[word] || isQualifier[word]
}

// singular returns a word without the "s" of a plural.
func singular(word string) string { return strings.TrimSuffix(word, "s") }
