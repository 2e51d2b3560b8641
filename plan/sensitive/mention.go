package sensitive

import (
	"regexp"
	"strings"
)

// wide is the first byte of the full-width forms of "=" and ":".
const wide = 0xEF

// escapedSign returns the length of a URL-escaped or full-width "=" or ":" at i, or 0.
func (f *finder) escapedSign(i int) int {
	for _, sign := range []string{"%3D", "%3d", "%3A", "%3a", "：", "＝"} {
		if strings.HasPrefix(f.text[i:], sign) {
			return len(sign)
		}
	}
	return 0
}

// isItem reports whether the line of i is an item of a YAML list.
func (f *finder) isItem(i int) bool {
	start := strings.LastIndexByte(f.text[:i], '\n') + 1
	return strings.HasPrefix(strings.TrimLeft(f.text[start:i], " \t"), "-")
}

// mentioned masks a word that looks like a password and follows the name of a password
// without a sign: "enable password 7 hunter2", "the password for prod is: hunter2".
func (f *finder) mentioned(i int, name string) {
	if c := f.text[i]; c != ' ' && c != '\t' || !mentions[strings.ToLower(name)] && len(splitWords(name)) < 2 {
		return
	}
	const most = 6
	for range most {
		for i < len(f.text) && (f.text[i] == ' ' || f.text[i] == '\t') {
			i++
		}
		end := i + f.after(i, longestName, func(c byte) bool { return !isSpace(c) })
		from := i
		if from < end && strings.IndexByte("\"'", f.text[from]) >= 0 {
			from++
		}
		word := strings.TrimRight(f.text[from:end], ".,;:!?)'\"")
		switch {
		case between[strings.ToLower(word)]:
			i = end + f.after(end, longestName, isBlank)
			i += f.after(i, longestName, func(c byte) bool { return !isSpace(c) && c != ':' })
		case isFiller(word, f.text[i:end]):
			i = end
		default:
			if looksLikePassword(word) {
				f.add(from, from+len(word))
			}
			return
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// between are words before the owner of a password.
var between = set(`for of für von de del`)

// isFiller reports whether a word may be between the name of a password and the
// password.
func isFiller(word, all string) bool {
	return word == "is" || word == "was" || word == "to" || isDigits(word) || all == "=" || all == ":" || strings.IndexByte("([", (all + " ")[0]) >= 0
}

var mentions = set(`password passwd pwd passphrase secret passwort pw psk`)

func isDigits(word string) bool { return len(word) == 1 && isDigit(word[0]) }

// looksLikePassword reports whether a word has letters and digits and is not the name
// of a hash or encoding.
func looksLikePassword(word string) bool {
	const shortest = 6
	return len(word) >= shortest && hasDigit(word) && strings.ContainsFunc(word, func(r rune) bool { return r < 128 && isLetter(byte(r)) }) &&
		!strings.ContainsAny(word, "/=()<>[]{}") && !ways[strings.ToLower(word)] && !schemes[strings.ToLower(word)]
}

var ways = set(`sha224 sha256 sha384 sha512 sha3-256 sha3-512 ripemd160 base64 base32 base58 argon2 argon2i argon2d argon2id
	pbkdf2 blake2 blake2b blake2s blake3 aes128 aes256 aes-128 aes-256 rs256 es256 hs256 utf-8 iso8859-1 varchar2`)

// passwordFiles finds passwords without a name: in the lines of a .pgpass file, after
// IDENTIFIED BY in SQL, and after AUTH in the Redis protocol.
func (f *finder) passwordFiles() {
	for from := 0; from < len(f.text); {
		to := f.lineEnd(from)
		if line := f.text[from:min(to, from+1024)]; strings.Count(line, ":") >= 4 {
			if found := pgpass.FindStringSubmatchIndex(line); found != nil {
				f.add(from+found[2], to)
			}
		}
		if found := relayLogin.FindStringSubmatchIndex(f.text[from:min(to, from+1024)]); found != nil {
			f.add(from+found[2], to)
		}
		if rest, ok := strings.CutPrefix(f.text[from:to], "AUTH "); ok && !schemes[strings.ToLower(rest)] && strings.Count(rest, " ") < 2 {
			f.add(to-len(rest), to)
		}
		if line := f.text[from:to]; strings.HasPrefix(line, "user ") || strings.Contains(line, "SETUSER ") {
			f.redisUser(from, to)
		}
		from = max(to, from) + 1
	}
	for _, sign := range []string{`: EAP "`, `: XAUTH "`} { // ipsec.secrets
		f.each(sign, func(at int) int {
			end := f.end(at+len(sign), "\"\n")
			f.add(at+len(sign), end)
			return end
		})
	}
	for _, sign := range []string{"IDENTIFIED BY ", "identified by ", "Identified by "} {
		f.each(sign, func(at int) int {
			const farthest = 128
			start := at + len(sign)
			end := f.end(start, blanks)
			if sign == "IDENTIFIED BY " || f.quoteAt(start) || setsPassword(f.text[max(0, at-farthest):at]) {
				f.add(start, end)
			}
			return end
		})
	}
	f.each("digest:", func(at int) int { // an entry of a ZooKeeper ACL
		from := at + len("digest:")
		end := f.end(from, blanks+"\"',")
		user, hash, ok := strings.Cut(f.text[from:end], ":")
		onlyPermissions := strings.Trim(hash, "cdrwa") == "" // the form in which confo-sync declares them
		if ok && user != "" && !onlyPermissions && !strings.HasPrefix(user, "sha") && f.startsWord(at) {
			hash, _, _ = strings.Cut(hash, ":")
			f.add(from+len(user)+1, from+len(user)+1+len(hash))
		}
		return end
	})
	f.inserts()
	f.each(" BY '", func(at int) int {
		start := at + len(" BY ")
		end := f.end(start+1, "'\n")
		if strings.Contains(f.text[max(0, at-64):at], "IDENTIFIED ") {
			f.add(start, min(end+1, len(f.text)))
		}
		return end
	})
}

// inserts finds the strings in an SQL INSERT if one of the columns has the name of a
// secret: INSERT INTO users (name, password) VALUES ('a', 'x').
func (f *finder) inserts() {
	const farthest = 1024
	for _, sign := range []string{"INSERT INTO ", "insert into ", "Insert into "} {
		f.each(sign, func(at int) int {
			end := f.lineEnd(at)
			head := f.text[at:min(end, at+farthest)]
			columns, values, ok := strings.Cut(head, ")")
			if ok && strings.Contains(values, "'") {
				for column := range strings.SplitSeq(columns[strings.IndexByte(columns, '(')+1:], ",") {
					if Name(column) == Secret {
						f.add(at+len(columns)+1+strings.IndexByte(values, '\''), end)
						break
					}
				}
			}
			return end
		})
	}
}

// setsPassword reports whether an SQL statement that starts with text sets a password.
func setsPassword(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "create ") || strings.Contains(text, "alter ") || strings.Contains(text, "grant ")
}

// redisUser finds the passwords of a user in a Redis ACL: >x.
func (f *finder) redisUser(from, to int) {
	for i := from; i < to; i++ {
		if f.text[i] != '>' || f.text[i-1] != ' ' {
			continue
		}
		end := i + 1 + f.after(i+1, to-i-1, func(c byte) bool { return c != ' ' })
		f.add(i+1, end)
		i = end
	}
}

// pgpass matches a line of a .pgpass file: host:port:database:user:password. A
// backslash escapes a colon.
var pgpass = regexp.MustCompile(`^(?:\[[0-9A-Fa-f:.]+\]|(?:[^:\s\\\[]|\\.)+):(?:\*|\d+):(?:\*|[A-Za-z][\w.-]*):(?:\*|[A-Za-z][\w.-]*):((?:[^:\\]|\\.)+)$`)

// relayLogin matches a line in a password table of Postfix: [host]:port user:password.
var relayLogin = regexp.MustCompile(`^\[?[\w.-]+\]?:(?:25|465|587|2525|submission|smtps?)[ \t]+[^:\s]+:(\S*[^\d\s]\S*)$`)
