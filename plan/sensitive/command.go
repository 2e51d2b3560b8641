package sensitive

import "strings"

// Argument is a secret in an argument of a command.
type Argument struct {
	Index int  // of the argument
	Span  Span // in the argument
}

// secretFlags are the flags of programs whose arguments are secrets, where their
// names don't say so. Those with a "+" have their arguments in the same word only.
var secretFlags = map[string][]string{}

func init() {
	for _, line := range []string{
		"-p+ mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mariadb mariadb-dump mariadb-admin 7z 7za 7zz 7zr",
		"-p  mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop sshpass login",
		"-w  ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami ldapcompare ldapmodrdn",
		"-a  redis-cli keydb-cli valkey-cli",
		"-P  sqlcmd bcp tsql zip unzip mosquitto_pub mosquitto_sub ipmitool ssh-keygen",
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

// Arguments returns the secrets among the arguments of a command that are not
// recognised one by one: ["redis-cli", "-a", "x"], ["curl", "-u", "me:x"].
func Arguments(words []string) []Argument {
	var found []Argument
	add := func(i, from, to int) {
		if from < to {
			found = append(found, Argument{i, Span{from, to}})
		}
	}
	program, last := "", len(words)-1
	for i, word := range words {
		switch name := programName(word); {
		case secretFlags[name] != nil || slashLogin[name] || name == "smbclient" || name == "curl":
			program = name
		case i == last || program == "" && !isUserFlag(word) && !isSet(word):
		case word == "AUTH" && strings.HasSuffix(program, "-cli"):
			add(last, 0, len(words[last]))
		case isUserFlag(word):
			add(i+1, afterUser(words[i+1], program == "smbclient"), len(words[i+1]))
		case isSet(word) && i+2 <= last && isSettingName(words[i+1]):
			add(i+2, 0, len(words[i+2]))
		}
		switch {
		case program == "curl" && strings.HasPrefix(word, "-u") && len(word) > 2:
			add(i, afterUser(word, false), len(word))
		case strings.HasPrefix(word, "--user="), strings.HasPrefix(word, "--proxy-user="):
			add(i, afterUser(word, false), len(word))
		case slashLogin[program]:
			from, to := strings.IndexByte(word, '/')+1, strings.IndexByte(word, '@')
			if from > 1 {
				add(i, from, max(to, from))
			}
		case program == "ConvertTo-SecureString" && strings.IndexAny(word, `"'`) == 0:
			add(i, 0, len(word))
		}
		for _, flag := range secretFlags[program] {
			rest, ok := strings.CutPrefix(word, strings.TrimSuffix(flag, "+"))
			switch {
			case ok && rest != "":
				add(i, len(word)-len(rest), len(word))
			case ok && i < last && !strings.HasSuffix(flag, "+"):
				add(i+1, 0, len(words[i+1]))
			}
		}
	}
	return found
}

// slashLogin are programs that take user/password@database.
var slashLogin = set(`sqlplus sqlldr expdp impdp rman`)

// programName returns the name of a program that a word may be the path of.
func programName(word string) string {
	return strings.TrimSuffix(word[strings.LastIndexAny(word, `/\`)+1:], ".exe")
}

// isUserFlag reports whether a flag's argument is user:password.
func isUserFlag(name string) bool {
	return name == "-u" || name == "--user" || name == "--proxy-user" || name == "-U"
}

// afterUser returns where the password begins in user:password, or user%password, or
// the length of the word. A number is a group's: docker run -u 1000:1000.
func afterUser(word string, percent bool) int {
	sign := ":"
	if percent {
		sign = "%"
	}
	user, password, ok := strings.Cut(word, sign)
	if !ok || user == "" || strings.Trim(password, "0123456789") == "" {
		return len(word)
	}
	return len(user) + 1
}

func isSet(word string) bool {
	return word == "ENV" || strings.EqualFold(word, "set") || strings.EqualFold(word, "setx")
}

// isSettingName reports whether a word is a setting's name rather than one of a
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

// command finds the secrets of the commands in a line.
func (f *finder) command(from, to int) {
	var words []string
	var starts []int
	end := func() {
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
