package sensitive

import "strings"

// Class says what a field's name tells of its value.
type Class uint8

const (
	// Open names tell of no secret.
	Open Class = iota
	// Counting names, as max_tokens and require_password, are those of numbers and
	// switches: only another text is hidden.
	Counting
	// Scheme names, as auth, are those of credentials, or of a way to authenticate: of
	// well-known ways, as basic, nothing is hidden.
	Scheme
	// Secret names are those of secrets.
	Secret
)

// String returns the class as docs/sensitive.md writes it.
func (c Class) String() string { return [...]string{"shown", "text is hidden", "hidden", "hidden"}[c] }

// Hides reports whether a field of that class must not be shown when it holds
// the scalar text, which is a number if isNumber.
func (c Class) Hides(text string, isNumber bool) bool {
	switch c {
	case Open:
		return false
	case Counting:
		return !isNumber && !isSetting(text)
	case Scheme:
		return !schemes[strings.ToLower(text)]
	}
	return true
}

// Name returns the class of a field's name. With several names it is that of
// the last, which stands below the others: Name("token", "ttl") is that of
// token_ttl.
//
// The last secret word or phrase of a name decides, and what follows it: a word
// like ttl, file or name at the end makes it the name of something that is no
// secret.
func Name(names ...string) Class {
	const most = 40
	var words []string
	for _, name := range names {
		words = append(words, wordsOf(name)...)
	}
	if len(words) > most {
		words = words[len(words)-most:]
	}
	end := lastSecret(words)
	switch {
	case end == 0:
		return Open
	case isHarmless(words[end:]):
		return Open
	case counting[words[0]] && end > 1, words[end-1] == "tokens":
		return Counting
	case words[end-1] == "auth", words[end-1] == "authorization":
		return Scheme
	}
	return Secret
}

// lastSecret returns the index after the last secret word or phrase, or 0.
func lastSecret(words []string) int {
	last := len(words)
	for last > 1 && isQualifier[words[last-1]] {
		last--
	}
	for end := len(words); end > 0; end-- {
		word := words[end-1]
		switch {
		case endsPhrase(words[:end], notPhrases):
		case anywhere[word], anywhere[singular(word)], hasInside(word):
			return end
		case end == last && atEnd[word]:
			return end
		case endsPhrase(words[:end], phrases):
			return end
		}
	}
	return 0
}

func hasInside(word string) bool {
	if ordinary[word] {
		return false
	}
	for _, part := range inside {
		if strings.Contains(word, part) {
			return true
		}
	}
	return false
}

// endsPhrase reports whether words end with a phrase, which has at most three.
func endsPhrase(words []string, phrases map[string]bool) bool {
	for n := 1; n <= min(3, len(words)); n++ {
		phrase := strings.Join(words[len(words)-n:], " ")
		if phrases[phrase] || phrases[singular(phrase)] {
			return true
		}
	}
	return false
}

// isHarmless reports whether what follows a secret's word makes a name that of
// something else: tokens_per_minute, password_file_prod.
func isHarmless(tail []string) bool {
	for len(tail) > 0 && isQualifier[tail[len(tail)-1]] {
		tail = tail[:len(tail)-1]
	}
	if len(tail) == 0 {
		return false
	}
	return tail[0] == "per" || harmless[tail[len(tail)-1]]
}

// isSetting reports whether a text is a number, a duration or a switch rather
// than a secret.
func isSetting(text string) bool {
	switch strings.ToLower(text) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "none", "never", "always", "optional", "required", "enabled", "disabled":
		return true
	}
	if text[0] < '0' || text[0] > '9' || len(text) > 12 {
		return false
	}
	unit := strings.TrimLeft(text, "0123456789.,_")
	return unit == "" || durationUnits[strings.ToLower(strings.TrimSpace(unit))]
}

var durationUnits = set(`ms s sec secs second seconds m min mins minute minutes h hour hours d day days w week weeks k kb mb gb %`)

// IsLabel reports whether a field names what the field beside it holds, as in
// {"name": "DB_PASSWORD", "value": …}.
func IsLabel(field string) bool { return labels[strings.ToLower(field)] }

// IsValueField reports whether a field holds what the one beside it names.
func IsValueField(field string) bool { return values[strings.ToLower(field)] }
