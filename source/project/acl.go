package project

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
)

// ACL declares the ACL of the objects that a pattern matches.
type ACL struct {
	Pattern  plan.Pattern
	Root     bool // it is for the root
	Entries  []ACLEntry
	Position plan.Position
}

// ACLEntry is an entry of an ACL. If a digest entry has no hash, the password is found
// by the user's name in users. The scheme auth stands for the user who applies.
type ACLEntry struct {
	Scheme, ID, Hash, Rights string
	Position                 plan.Position
}

// String returns the entry in the form of the project file.
func (e ACLEntry) String() string {
	return strings.Join(slices.DeleteFunc([]string{e.Scheme, e.ID, e.Hash, e.Rights}, func(s string) bool { return s == "" }), ":")
}

// User is a user in ACLs, with a reference to the password.
type User struct {
	Name string
	Credential
}

// RootPattern is the pattern for the root.
const RootPattern = "/"

// acl reads ACLs by pattern.
func (r *reader) acl(n *yaml.Node, to *[]ACL) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "acl must be a mapping of patterns to ACLs", `write "payments/**": ["digest:ops:cdrwa", "world:anyone:r"]`)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		rule := ACL{Root: key.Value == RootPattern, Position: r.position(key)}
		if !rule.Root {
			p, ok := r.pattern(key)
			if !ok {
				continue
			}
			rule.Pattern = p
		}
		for _, item := range r.items(n.Content[i+1]) {
			e, message, hint := ParseEntry(item.Value)
			if message != "" {
				r.fail(item, message, hint)
				continue
			}
			e.Position = r.position(item)
			rule.Entries = append(rule.Entries, e)
		}
		if len(r.findings) == 0 && len(rule.Entries) == 0 {
			r.fail(key, "an ACL needs at least one entry", `write ["world:anyone:cdrwa"] to allow everything to everybody`)
		}
		*to = append(*to, rule)
	}
}

var schemes = []string{"world", "auth", "digest", "x509", "ip", "sasl"}

// ParseEntry parses scheme:id:permissions. If it is invalid, message says why and hint
// what to do. Otherwise both are empty. Neither repeats a part of the entry after the
// scheme, because any part may be a password.
func ParseEntry(text string) (e ACLEntry, message, hint string) {
	scheme, rest, ok := strings.Cut(text, ":")
	at := strings.LastIndexByte(rest, ':')
	e = ACLEntry{Scheme: scheme, ID: rest[:max(at, 0)], Rights: rest[at+1:]}
	const form = `write SCHEME:ID:RIGHTS, as in "digest:ops:cdrwa" or "world:anyone:r"`
	switch {
	case !ok:
		return e, "this is not an entry of an ACL", form
	case !slices.Contains(schemes, scheme):
		if meant := plan.Closest(scheme, schemes); meant != "" {
			return e, "there is no scheme " + plan.Quote(scheme), "did you mean " + meant + "?"
		}
		return e, "the entry does not begin with a scheme", "use one of " + strings.Join(schemes, ", ")
	case scheme == "auth" && e.ID != "":
		return e, "auth stands for the credentials of the connection and can't have a name", `write auth and the permissions, as in "auth:cdrwa"`
	case scheme == "world" && e.ID != "anyone":
		return e, "the only name in the scheme world is anyone", `write "world:anyone:" and the permissions, as in "world:anyone:r"`
	case scheme != "auth" && e.ID == "":
		return e, "the entry has no user", form
	}
	if e.Rights == "" || strings.Trim(e.Rights, "cdrwa") != "" {
		return e, "the last part of the entry is not a set of permissions", "use the letters cdrwa: create and delete children, read, write, administer"
	}
	for i, letter := range e.Rights {
		if strings.ContainsRune(e.Rights[i+1:], letter) {
			return e, fmt.Sprintf("the permission %c is duplicated", letter), "write it once"
		}
	}
	if user, hash, ok := strings.Cut(e.ID, ":"); scheme == "digest" && ok {
		if sum, err := base64.StdEncoding.DecodeString(hash); err != nil || len(sum) != 20 {
			return e, "the part after the user name is not the hash of a password",
				`write "digest:NAME:cdrwa" and add a reference to the password under users; or write the hash as ZooKeeper shows it, in base64`
		}
		e.ID, e.Hash = user, hash
	}
	return e, "", ""
}

// users reads the references to the passwords of users in ACLs.
func (r *reader) users(n *yaml.Node, to *[]User) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "users must be a mapping of names to references", "write ops: !env OPS_PASSWD")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		u := User{key.Value, Credential{Tag: value.Tag, Text: value.Value, Position: r.position(value)}}
		if value.Kind != yaml.ScalarNode || !slices.Contains([]string{"!env", "!file", "!age"}, value.Tag) || strings.TrimSpace(value.Value) == "" {
			r.findings = append(r.findings, plan.Finding{
				Position: r.position(value), Message: "a password can't be written in the project file",
				Hint: "refer to it with !env NAME, !file PATH or !age",
			})
			continue
		}
		*to = append(*to, u)
	}
}
