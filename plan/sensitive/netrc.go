package sensitive

import "strings"

// inNetrc reports whether the word at i is preceded by the words that precede a
// password in a .netrc file:
//
//	machine example.com login me password x
func (f *finder) inNetrc(i int) bool {
	word, i := f.wordBefore(i)
	if word == "default" {
		return true
	}
	word, _ = f.wordBefore(i)
	return word == "machine" || word == "login" || word == "user" || word == "account" || word == "port"
}

// wordBefore returns the word that ends before i, and its start.
func (f *finder) wordBefore(i int) (string, int) {
	for i > 0 && isSpace(f.text[i-1]) {
		i--
	}
	n := f.before(i, longestName, func(c byte) bool { return !isSpace(c) })
	return strings.Trim(f.text[i-n:i], `"'`), i - n
}
