package sensitive

import "strings"

// These tokens are recognized by a part inside or at their end, or by their form.

// before returns the number of consecutive bytes before at that of accepts, at most
// most.
func (f *finder) before(at, most int, of func(byte) bool) int {
	n := 0
	for n < most && n < at && of(f.text[at-n-1]) {
		n++
	}
	return n
}

// after returns the number of consecutive bytes from at on that of accepts, at most
// most.
func (f *finder) after(at, most int, of func(byte) bool) int {
	n := 0
	for n < most && at+n < len(f.text) && of(f.text[at+n]) {
		n++
	}
	return n
}

func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '-' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// entra finds a client secret of Entra ID: a1B8Q~ and 34 more characters.
func (f *finder) entra(at int) int {
	n := f.after(at+2, 40, isTokenByte)
	if at >= 4 && isDigit(f.text[at-1]) && f.before(at, 4, isTokenByte) == 4 && n >= 31 {
		f.add(at-4, at+2+n)
	}
	return at + 2 + n
}

// mailchimp finds 32 hexadecimal digits and -us12.
func (f *finder) mailchimp(at int) int {
	n := f.after(at+3, 3, isDigit)
	if n > 0 && f.before(at, 33, isHex) == 32 {
		f.add(at-32, at+3+n)
	}
	return at + 3 + n
}

// maxmind finds six letters and digits, an underscore, 29 more and _mmk.
func (f *finder) maxmind(at int) int {
	if n := f.before(at, 60, isWordByte); n == 6+1+29 && f.text[at-30] == '_' {
		f.add(at-n, at+len("_mmk"))
	}
	return at + len("_mmk")
}

// newRelic finds a licence key: 36 hexadecimal digits and NRAL.
func (f *finder) newRelic(at int) int {
	if n := f.before(at, 37, isHex); n >= 32 && n <= 36 {
		f.add(at-n, at+len("NRAL"))
	}
	return at + len("NRAL")
}

// postgresHash finds a PostgreSQL password hash: md5 and 32 digits.
func (f *finder) postgresHash(at int) int {
	n := f.after(at+3, 33, isHex)
	if n == 32 && f.startsWord(at) {
		f.add(at, at+3+n)
	}
	return at + 3 + n
}

// mysqlHash finds a MySQL password hash: an asterisk and 40 digits.
func (f *finder) mysqlHash(at int) int {
	n := f.after(at+1, 41, func(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'F' })
	if n == 40 {
		f.add(at, at+1+n)
	}
	return at + 1 + n
}

// wifi finds the password in the text of a Wi-Fi QR code: WIFI:S:net;P:x;;
func (f *finder) wifi(at int) int {
	end := f.end(at, blanks)
	for i := at + len("WIFI:"); i < end; {
		to := end
		if semicolon := strings.IndexByte(f.text[i:end], ';'); semicolon >= 0 {
			to = i + semicolon
		}
		if strings.HasPrefix(f.text[i:to], "P:") {
			f.add(i+len("P:"), to)
		}
		i = to + 1
	}
	return end
}

// discord finds a bot token: the user ID in base64, six characters, and at least 27
// more.
func (f *finder) discord(at int) int {
	const time = 6
	second := at + 1 + time
	if second >= len(f.text) || f.text[second] != '.' || f.after(at+1, time, isWordByte) < time {
		return at + 1
	}
	user, rest := f.before(at, 30, isWordByte), f.after(second+1, 40, isWordByte)
	if user < 23 || user > 28 || rest < 27 || strings.IndexByte("MNO", f.text[at-user]) < 0 {
		return at + 1
	}
	f.add(at-user, second+1+rest)
	return second + 1 + rest
}
