package plan

import (
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// isRecord reports whether an object below a field such as credentials, or in a list of
// tokens, describes one credential, as {"username": "app", "password": "x"} does.
// Otherwise its names are those of several credentials: {"app": "x", "admin": "y"}.
func isRecord(n *Node, at place) bool {
	if !at.secret || len(at.names) == 0 || !at.item && !strings.Contains(strings.ToLower(at.names[0]), "cred") {
		return false
	}
	return slices.ContainsFunc(n.Fields, func(f Field) bool {
		return f.Value.Kind == String && sensitive.Name(f.Name) == sensitive.Secret
	})
}

// secretMembers returns the fields that are secret in an object of a well-known kind:
// a private JSON web key, and a Secret of Kubernetes.
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

// saysSecret reports whether an object says that the value in it is secret:
// {"sensitive": true, "value": …}, {"type": "password", "value": …}.
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

// isOneOf reports whether a text is one of some words, in small or capital letters.
func isOneOf(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.EqualFold(text, word) })
}
