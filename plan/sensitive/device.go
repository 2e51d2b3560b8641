package sensitive

// Statements of routers and switches that start with one of deviceStatements have a
// secret after one of deviceWords.
var (
	deviceStatements = set(`neighbor radius-server tacacs-server pre-shared-key ntp ip ipv6 standby
		vrrp area isis key-string`)
	deviceWords = set(`key key-string password md5 secret`)
)

// device finds the secret after the word at i in a statement of a router:
//
//	neighbor 192.0.2.1 password 7 x
//	ip ospf message-digest-key 1 md5 x
func (c *command) device(i int) {
	if !deviceStatements[c.words[0]] || !deviceWords[c.words[i]] || i > 1 && deviceWords[c.words[i-1]] {
		return
	}
	const most = 3 // words that describe the encoding
	next := i + 1
	for next < min(len(c.words), i+1+most) && (isDigits(c.words[next]) || deviceWords[c.words[next]] || c.words[next] == "encrypted") {
		next++
	}
	c.all(next)
}
