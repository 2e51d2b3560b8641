package plan

import (
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// isRecord reports whether an object below a field such as credentials, or in a list of
// tokens, describes one credential: {"username": "app", "password": "x"}. Otherwise its
// fields are several credentials: {"app": "x", "admin": "y"}.
func isRecord(n *Node, at place) bool {
	if !at.secret || len(at.names) == 0 || !at.item && !strings.Contains(strings.ToLower(at.names[0]), "cred") {
		return false
	}
	return slices.ContainsFunc(n.Fields, func(f Field) bool {
		return f.Value.Kind == String && sensitive.Name(f.Name) == sensitive.Secret
	})
}

// secretMembers returns the secret fields of a well-known kind of object: a private
// JSON Web Key, or a Kubernetes Secret.
func secretMembers(n *Node) []string {
	for _, f := range n.Fields {
		switch {
		case f.Name == "kty" && f.Value.Kind == String:
			return []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
		case f.Name == "kind" && f.Value.Text == "Secret":
			return []string{"data", "stringData"}
		}
	}
	return nil
}

// saysSecret reports whether an object declares its value as secret: {"sensitive":
// true, "value": …}, {"type": "password", "value": …}.
func saysSecret(n *Node) bool {
	return slices.ContainsFunc(n.Fields, func(f Field) bool {
		switch f.Value.Text {
		case "true":
			return isOneOf(withoutDashes.Replace(f.Name), "sensitive", "secret", "issecret", "issensitive", "masked", "confidential")
		case "":
			return false
		}
		return isOneOf(f.Value.Text, "password", "secret", "concealed", "securestring") &&
			isOneOf(withoutDashes.Replace(f.Name), "type", "kind", "format", "inputtype")
	})
}

var withoutDashes = strings.NewReplacer("_", "", "-", "")

// isOneOf reports whether a text equals one of some words, ignoring case.
func isOneOf(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(text, word) })
}
