package sensitive

import "strings"

// Class says what the name of a field tells about its value.
type Class uint8

const (
	// Open is the class of names that are not those of secrets.
	Open Class = iota
	// Counting is the class of names such as max_tokens and require_password. Their
	// values are usually numbers and switches, so only other texts are masked.
	Counting
	// Key is the class of names such as mailgun_key and signature. Their values may be
	// secrets or ordinary data, so only texts that look random are masked.
	Key
	// Address is the class of names such as proxy_pass. Their values may be passwords
	// or addresses, so URLs are shown.
	Address
	// Scheme is the class of names such as auth. Their values may be credentials or
	// authentication methods, so well-known methods such as basic are shown.
	Scheme
	// Secret is the class of names of secrets.
	Secret
)

// String returns the class in the words of docs/sensitive.md.
func (c Class) String() string {
	return [...]string{"shown", "text is hidden", "random is hidden", "hidden unless a URL", "hidden", "hidden"}[c]
}

// Hides reports whether a field of this class must be masked. text is its scalar value,
// and isNumber says whether this is a number.
func (c Class) Hides(text string, isNumber bool) bool {
	const longest = 512 // the longest setting, random key and scheme
	switch c {
	case Open:
		return false
	case Counting:
		return !isNumber && (len(text) > longest || !isSetting(text))
	case Key:
		return isRandom(text)
	case Address:
		return !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://")
	case Scheme:
		return len(text) > longest || !schemes[strings.ToLower(text)]
	}
	return true
}

// Name returns the class of a field's name. Further names are those of nested fields,
// outermost first: Name("token", "ttl") is the class of token_ttl.
//
// The class depends on the last secret word or phrase in the name and on the text after
// it. A final word such as ttl, file or name makes the name harmless.
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
		return keyClass(words)
	case isHarmless(words[end:]):
		return Open
	case len(words) == end+1 && isKeyWord(words[end]):
		return Key
	case end > 1 && (counting[words[0]] || switching[words[end-2]]), words[end-1] == "tokens", words[end-1] == "webhook", words[end-1] == "webhooks":
		return Counting
	case end > 1 && words[end-2] == "proxy" && words[end-1] == "pass":
		return Address
	case words[end-1] == "auth", words[end-1] == "authorization":
		return Scheme
	}
	return Secret
}

// keyClass returns the class of a name without a secret word.
func keyClass(words []string) Class {
	for len(words) > 1 && isQualifier[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	last := len(words) - 1
	if last < 0 || !isKeyWord(words[last]) || last > 0 && publicKeys[words[last-1]] {
		return Open
	}
	return Key
}

func isKeyWord(word string) bool { return keyWords[singular(word)] }

var keyWords = set(`key keys signature nonce assertion license licence sk dek kek jwk seed encrypt`)

// isRandom reports whether a text looks random: it mixes letters and digits, without
// blanks.
func isRandom(text string) bool {
	const shortest, changes = 16, 3
	count, last := 0, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !is64(c) && c != '.' && c != '~' {
			return false
		}
		kind := byte(0)
		switch {
		case isDigit(c):
			kind = '0'
		case isLetter(c):
			kind = 'a'
		}
		if kind != 0 && last != 0 && kind != last {
			count++
		}
		last = kind
	}
	return len(text) >= shortest && count >= changes
}

// Together reports whether the name of a field and that of its parent together are the
// name of a secret: api and key.
func Together(parent, name string) bool {
	above, own := wordsOf(parent), wordsOf(name)
	if len(above) == 0 || len(own) == 0 || len(own) > 2 {
		return false
	}
	words := append(above[max(0, len(above)-2):], own...)
	return endsPhrase(words, phrases) && !endsPhrase(own, phrases) && !endsPhrase(words, notPhrases)
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

// endsPhrase reports whether words end with one of phrases. A phrase has at most three
// words.
func endsPhrase(words []string, phrases map[string]bool) bool {
	for n := 1; n <= min(3, len(words)); n++ {
		phrase := strings.Join(words[len(words)-n:], " ")
		if phrases[phrase] || phrases[singular(phrase)] {
			return true
		}
	}
	return false
}

// isHarmless reports whether the words after a secret word change the meaning of a
// name: tokens_per_minute, password_file_prod.
func isHarmless(tail []string) bool {
	for len(tail) > 0 && isQualifier[tail[len(tail)-1]] {
		tail = tail[:len(tail)-1]
	}
	if len(tail) == 0 {
		return false
	}
	last := len(tail) - 1
	if last > 0 && tail[last] == "in" {
		last-- // token_expires_in
	}
	if last > 0 && isKeyWord(tail[last]) {
		last-- // secret_ref_key
	}
	return tail[0] == "per" || timing[tail[0]] || harmless[tail[last]] || harmless[singular(tail[last])]
}

// isSetting reports whether a text is a number, a duration or a switch.
func isSetting(text string) bool {
	switch strings.ToLower(text) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "none", "never", "always", "optional", "required", "enabled", "disabled", "on_create":
		return true
	}
	if text[0] < '0' || text[0] > '9' || len(text) > 12 {
		return false
	}
	text, _, _ = strings.Cut(text, "/") // 100/s
	unit := strings.TrimLeft(text, "0123456789.,_")
	return unit == "" || durationUnits[strings.ToLower(strings.TrimSpace(unit))]
}

var durationUnits = set(`ms s sec secs second seconds m min mins minute minutes h hour hours d day days w week weeks k kb mb gb %`)

// IsLabel reports whether the value of a field is the name of the value in another
// field, as in {"name": "DB_PASSWORD", "value": …} and {"option_name": …,
// "option_value": …}.
func IsLabel(field string) bool { return labels[lastWord(field)] }

// IsValueField reports whether a field has the value that a label names.
func IsValueField(field string) bool { return values[lastWord(field)] }

// lastWord returns the last word of a field's name, such as @value and OptionName.
func lastWord(field string) string {
	words := splitWords(field)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// IsContainer reports whether a field, such as options, only groups other fields. The
// fields in it belong to the field above.
func IsContainer(field string) bool { return containers[strings.ToLower(field)] }

// IsSettings reports whether a field, such as limits and expires_in, groups settings.
// Numbers and durations in it are not secrets, whatever their names are.
func IsSettings(field string) bool {
	words := splitWords(field)
	if last := len(words) - 1; last > 0 && words[last] == "in" {
		words = words[:last]
	}
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return settings[last] || settings[singular(last)]
}

// IsAbout reports whether a field in a collection such as secrets is a setting for the
// collection.
func IsAbout(field string) bool { return about[strings.ToLower(field)] }

// IsDescription reports whether a field, such as username, describes the credential
// next to it.
func IsDescription(field string) bool { return descriptions[strings.ToLower(field)] }
