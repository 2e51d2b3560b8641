package sensitive

import (
	"regexp"
	"strings"
)

// HoldsUserinfo reports whether a text has a URL with a user or password.
func HoldsUserinfo(text string) bool {
	f := finder{text: text, onlyURLs: true}
	f.userinfos()
	return f.spans != nil
}

// userinfos finds the user and password in addresses, in each sequence without white
// space: scheme://user:password@host, //user:password@host, user:password@tcp(host)/db.
// Slashes may be escaped as in JSON or URLs.
func (f *finder) userinfos() {
	for from := 0; from < len(f.text); {
		to := f.end(from, blanks)
		if last := strings.LastIndexByte(f.text[from:to], '@'); last >= 0 {
			f.userinfo(from, from+last)
		} else if last := strings.LastIndex(f.text[from:to], "%40"); last >= 0 {
			f.escapedUserinfo(from, from+last)
		}
		from = to + 1
	}
}

// userinfo finds the text between the slashes, or the start, and the last "@". A
// password may contain a "/" that should have been escaped. So a text with a ":" counts
// whatever its length is.
func (f *finder) userinfo(from, last int) {
	for start := from; ; {
		next, scheme := afterSlashes(f.text[start:last])
		if next < 0 {
			break
		}
		start += next
		at := start + strings.IndexByte(f.text[start:last+1], '@')
		before := f.text[start:at]
		plain := !strings.ContainsAny(before, `/?#`)
		colon := strings.Contains(before, ":")
		if before == "git" && at == last {
			return // ssh://git@example.com: a user without a password
		}
		if scheme && (plain || colon) || !scheme && plain && colon {
			if _, password, _ := strings.Cut(f.text[start:last], ":"); f.onlyURLs || len(password) > longestName || !placeholder.MatchString(password) {
				f.add(start, last)
			}
			return
		}
		start = at
	}
	if !f.onlyURLs {
		f.withoutScheme(from, last)
	}
}

// afterSlashes returns the start of the authority in an address, or -1, and whether
// there is a scheme before it.
func afterSlashes(text string) (at int, scheme bool) {
	for i := 0; i < len(text); i++ {
		slashes := 0
		switch {
		case strings.HasPrefix(text[i:], "//"):
			slashes = 2
		case strings.HasPrefix(text[i:], `\/\/`):
			slashes = 4
		default:
			continue
		}
		scheme := i > 0 && text[i-1] == ':'
		if scheme || i == 0 || strings.IndexByte(`"'=(,[{<`, text[i-1]) >= 0 {
			return i + slashes, scheme
		}
		i += slashes - 1
	}
	return -1, false
}

// notUsers are words before ":…@" that are not users.
var notUsers = set(`mailto sip sips acct xmpp im cc bcc to from mail email name contact owner author sender reply-to npm pkg docker oci urn sha256 workspace github`)

// oracleLogin matches user/password@//host:port/service or user/password@host:port.
var oracleLogin = regexp.MustCompile(`^["'(=]*[A-Za-z][\w$#.]*/([^/@\s]+)@(?://)?[\w.-]+:\d+(?:[/:"']|$|\s)`)

const maxHost = 256

// withoutScheme finds user:password@host and user/password@host:port.
func (f *finder) withoutScheme(from, last int) {
	colon := from
	for colon < last && (f.text[colon] != ':' || strings.IndexByte(`/\`, f.text[colon+1]) >= 0) {
		colon++
	}
	if login := oracleLogin.FindStringSubmatchIndex(f.text[from:min(last+maxHost, len(f.text))]); login != nil && from+login[3] == last {
		f.add(from+login[2], last)
		return
	}
	if colon == last || f.text[last-1] == ':' || last+1 == len(f.text) {
		return
	}
	start := colon
	for start > from && (isNameByte(f.text[start-1]) || f.text[start-1] == '+' || f.text[start-1] == '%') {
		start--
	}
	user, host := f.text[start:colon], f.text[last+1:]
	if user == "sip" || user == "sips" {
		if second := strings.IndexByte(f.text[colon+1:last], ':'); second > 0 && f.text[last-1] != ':' {
			f.add(colon+1, last) // sip:user:password@host
		}
		return
	}
	if user == "" || colon+1 == last || notUsers[strings.ToLower(user)] || strings.HasPrefix(host, "sha256:") {
		return
	}
	if c := host[0]; isLetter(c) || isDigit(c) || c == '[' || c == '(' || c == '/' {
		f.add(start, last)
	}
}

// escapedUserinfo finds user%3Apassword%40 after %3A%2F%2F.
func (f *finder) escapedUserinfo(from, last int) {
	i := strings.Index(strings.ToUpper(f.text[from:last]), "%2F%2F")
	if start := from + i + len("%2F%2F"); i >= 0 && !strings.ContainsAny(f.text[start:last], "/?#") {
		f.add(start, last)
	}
}
