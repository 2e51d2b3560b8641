package sensitive

import (
	"slices"
	"strings"
)

// Argument is a secret in an argument of a command.
type Argument struct {
	Index int  // index of the argument
	Span  Span // part of the argument
}

// secretFlags are the flags of programs whose arguments are secrets, although their
// names do not show it. A "+" means that the argument is always in the same word.
var secretFlags = map[string][]string{}

func init() {
	for _, line := range []string{
		"-p+ mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mariadb mariadb-dump mariadb-admin mysqlsh mycli unrar 7z 7za 7zz 7zr",
		"-hp+ rar",
		"-p  mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop sshpass login cqlsh rabbitmqadmin twine mycli hydra useradd usermod racadm certutil",
		"-w  ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami ldapcompare ldapmodrdn",
		"-a  redis-cli keydb-cli valkey-cli",
		"-s  ldappasswd",
		"-k  openssl",
		"-r  gitlab-runner",
		"-t  influx",
		"-P  sqlcmd bcp osql tsql zip unzip mosquitto_pub mosquitto_sub ipmitool ssh-keygen",
		"-N  ssh-keygen",
		"-c  snmpget snmpwalk snmpset snmpgetnext snmpbulkwalk snmpbulkget snmptrap",
		"-A  snmpget snmpwalk snmpset snmpgetnext snmpbulkwalk snmpbulkget snmptrap",
		"-X  snmpget snmpwalk snmpset snmpgetnext snmpbulkwalk snmpbulkget snmptrap",
		"-b  curl",
		"-String ConvertTo-SecureString",
	} {
		fields := strings.Fields(line)
		for _, program := range fields[1:] {
			secretFlags[program] = append(secretFlags[program], fields[0])
		}
	}
}

// Arguments returns the secrets in the arguments of a command that Parts does not find
// in single words: ["redis-cli", "-a", "x"], ["curl", "-u", "me:x"].
func Arguments(words []string) []Argument {
	c := command{words: words}
	for i, word := range words {
		if rest, ok := strings.CutPrefix(word, "/p:"); ok && i > 0 && strings.HasPrefix(words[i-1], "/u:") {
			c.add(i, len(word)-len(rest), len(word))
		}
		if name := programName(word); secretFlags[name] != nil || slashLogin[name] || userFlags[name] != "" {
			c.program = name
		} else {
			c.pair(i)
		}
		c.operand(i)
		c.device(i)
		c.word(i)
		for _, flag := range secretFlags[c.program] {
			rest, ok := strings.CutPrefix(word, strings.TrimSuffix(flag, "+"))
			switch {
			case ok && rest != "":
				c.add(i, len(word)-len(rest), len(word))
			case ok && !strings.HasSuffix(flag, "+"):
				c.all(i + 1)
			}
		}
	}
	return c.found
}

// command collects the secrets of a command.
type command struct {
	words   []string
	program string // the last known program, or ""
	sets    bool   // the command sets only secrets
	found   []Argument
}

func (c *command) add(i, from, to int) {
	if from < to && !IsPlaceholder(strings.Trim(c.words[i][from:to], `"';`)) {
		c.found = append(c.found, Argument{i, Span{from, to}})
	}
}

// all adds a complete word, if it exists.
func (c *command) all(i int) {
	if i < len(c.words) {
		c.add(i, 0, len(c.words[i]))
	}
}

// pair finds a secret in the words after a flag or a name.
func (c *command) pair(i int) {
	word, last := c.words[i], len(c.words)-1
	switch user := c.takesUser(word); {
	case i == last:
	case user && i+2 < last && c.words[i+2] == "-p" && !strings.HasPrefix(c.words[i+1], "-") && mayBePassword(c.words[i+3]):
		c.all(i + 3) // -u me -p x
	case c.program == "" && !user && !isSet(word):
	case word == "AUTH" && strings.HasSuffix(c.program, "-cli"):
		c.all(last)
	case user:
		next := c.words[i+1]
		c.add(i+1, afterUser(next, userSign(c.program)), len(next))
	case isSet(word):
		if strings.HasPrefix(c.words[i+1], "-") {
			i++ // set -x NAME x
		}
		if i+2 <= last && isSettingName(c.words[i+1]) {
			c.all(i + 2)
		}
	}
}

// mayBePassword reports whether the word after -p may be a password and not a port or
// path.
func mayBePassword(word string) bool {
	return strings.Trim(word, "0123456789:./-") != "" && strings.IndexByte("-/.~", word[0]) < 0
}

// word finds a secret in a single word.
func (c *command) word(i int) {
	word := c.words[i]
	switch name, value, _ := strings.Cut(word, "="); {
	case c.program == "curl" && strings.HasPrefix(word, "-u") && len(word) > 2:
		c.add(i, afterUser(word, ":"), len(word))
	case name == "--user", name == "--proxy-user", name == "--cert":
		c.add(i, len(word)-len(value)+afterUser(value, ":"), len(word))
	case name == "--from-literal" && strings.Contains(value, "="):
		c.add(i, len(name)+2+strings.IndexByte(value, '='), len(word))
	case slashLogin[c.program]:
		from, to := strings.IndexByte(word, '/')+1, strings.IndexByte(word, '@')
		if to < 0 && (name == "userid" || i > 0 && programName(c.words[i-1]) == c.program) {
			to = len(word)
		}
		if from > 1 {
			c.add(i, from, to)
		}
	case c.program == "ConvertTo-SecureString" && strings.IndexAny(word, `"'`) == 0:
		c.all(i)
	}
}

// operands are words before a secret. The values are the numbers of other words in
// between, one for each secret.
var operands = map[string][]int{
	"vault login": {0}, "vault unwrap": {0}, "operator unseal": {0}, "ngrok authtoken": {0}, "config add-authtoken": {0},
	"cloudflared service install": {0}, "rclone obscure": {0}, "rabbitmqctl add_user": {1}, "rabbitmqctl change_password": {1},
	"net user": {1}, "wrangler secret put": {1}, "htpasswd -b": {2}, "htpasswd -bc": {2}, "htpasswd -cb": {2}, "htpasswd -nb": {1}, "htpasswd -nbB": {1},
	"snmp-server community": {0}, "tacacs-server key": {0}, "radius-server key": {0}, "isakmp key": {0}, "sentinel auth-pass": {1},
	"mc alias set": {3}, "gh secret set": {2}, "dotnet nuget push": {2},
	"set snmp community": {0}, "com2sec": {2}, "createUser": {2, 4},
}

// operand finds the secrets after the words that end at i.
func (c *command) operand(i int) {
	const longest = 3
	if i+1 == len(c.words) {
		return
	}
	for n := 1; n <= min(longest, i+1); n++ {
		words := strings.Join(c.words[i+1-n:i+1], " ")
		if len(words) > longestName {
			return
		}
		switch between, ok := operands[words]; {
		case ok:
			for _, skipped := range between {
				if at := i + 1 + skipped; at < len(c.words) && !strings.HasPrefix(c.words[at], "-") && !strings.Contains(strings.TrimRight(c.words[at], "="), "=") {
					c.all(at)
				}
			}
		case (words == "secrets set" || words == "vault kv put") && !c.sets:
			c.sets = true
			for at := i + 1; at < len(c.words); at++ {
				if equals := strings.IndexByte(c.words[at], '='); equals > 0 && c.words[at][0] != '-' {
					c.add(at, equals+1, len(c.words[at]))
				}
			}
		case words == "addauth digest", words == "stats auth":
			c.add(i+1, afterUser(c.words[i+1], ":"), len(c.words[i+1]))
		}
	}
}

// slashLogin are programs with a user/password@database argument.
var slashLogin = set(`sqlplus sqlldr expdp impdp rman`)

// programName returns the name of the program, if the word is its path.
func programName(word string) string {
	return strings.TrimSuffix(word[strings.LastIndexAny(word, `/\`)+1:], ".exe")
}

// userFlags are the flags of programs with a user:password argument, in addition to -u,
// -U and --user.
var userFlags = map[string]string{
	"curl": "-E --cert", "smbclient": "-U", "net": "-U", "rpcclient": "-U", "smbget": "-U", "http": "-a", "https": "-a", "ab": "-A", "lftp": "-u", "jenkins-cli.jar": "-auth", "jenkins-cli": "-auth",
}

// takesUser reports whether the argument of a flag is user:password.
func (c *command) takesUser(flag string) bool {
	switch flag {
	case "-u", "--user", "--proxy-user", "-U", "--login", "--creds":
		return true
	}
	if c.program == "curl" && len(flag) > 2 && flag[0] == '-' && flag[1] != '-' && flag[len(flag)-1] == 'u' {
		return strings.Trim(flag[1:], "fgikLnNqsSvu") == "" // -sSu
	}
	return flag != "" && strings.HasPrefix(flag, "-") && slices.Contains(strings.Fields(userFlags[c.program]), flag)
}

// userSign returns the separator between user and password.
func userSign(program string) string {
	switch program {
	case "smbclient", "net", "rpcclient", "smbget":
		return "%"
	case "lftp":
		return ","
	}
	return ":"
}

// afterUser returns the start of the password in user:password, or the length of the
// word. A number is a group, as in docker run -u 1000:1000.
func afterUser(word, sign string) int {
	user, password, ok := strings.Cut(word, sign)
	if !ok || user == "" || strings.Trim(password, "0123456789") == "" {
		return len(word)
	}
	return len(user) + 1
}

func isSet(word string) bool {
	return word == "ENV" || word == "fastcgi_param" || word == "uwsgi_param" || strings.EqualFold(word, "setenv") || strings.EqualFold(word, "set") || strings.EqualFold(word, "setx")
}

// isSettingName reports whether a word is the name of a setting and not a word of a
// sentence.
func isSettingName(word string) bool {
	return Name(word) == Secret && (strings.ContainsAny(word, "_.-") || directives[word])
}

// commands finds the secrets in command lines.
func (f *finder) commands() {
	for from := 0; from < len(f.text); {
		to := f.lineEnd(from)
		f.command(from, to)
		from = to + 1
	}
}

// readsSecret reports whether a command reads a secret from its standard input.
func readsSecret(words []string) bool {
	for _, word := range words {
		switch word {
		case "--password-stdin", "--pass-stdin", "--passphrase-fd", "--stdin", "--with-token", "chpasswd", "passwd", "smbpasswd":
			return true
		case "-S":
			return words[0] == "sudo"
		}
	}
	return false
}

// command finds the secrets of the commands in a line.
func (f *finder) command(from, to int) {
	var words []string
	var starts []int
	var piped Span // the output of the previous command in a pipe
	end := func() {
		if piped.From < piped.To && readsSecret(words) {
			f.add(piped.From, piped.To)
		}
		piped = Span{}
		if len(words) > 1 && (words[0] == "echo" || words[0] == "printf") {
			last := len(words) - 1
			piped = Span{starts[1], starts[last] + len(words[last])}
		}
		for _, found := range Arguments(words) {
			start := starts[found.Index]
			f.add(start+found.Span.From, start+found.Span.To)
		}
		words, starts = words[:0], starts[:0]
	}
	open := `"'`
	for i := from; i < to; {
		if isSpace(f.text[i]) {
			i++
			continue
		}
		start := i
		for i < to && !isSpace(f.text[i]) {
			if c := f.text[i]; strings.IndexByte(open, c) >= 0 {
				closing := strings.IndexByte(f.text[i+1:to], c)
				if closing < 0 {
					open = strings.ReplaceAll(open, string(c), "")
				}
				i += closing + 1
			}
			i++
		}
		switch word := f.text[start:i]; word {
		case "|", "||", "&&", ";", "&":
			end()
		default:
			words, starts = append(words, word), append(starts, start)
		}
	}
	end()
}
