// Package sensitive recognises secrets: by the name of a field, and by the form
// of a text. It is the only place that decides either.
//
//	sensitive.Name("db_password")            // Secret
//	sensitive.Name("token_ttl")              // Open
//	sensitive.Parts("redis://app:pw@cache")  // the bytes of "app:pw"
//
// It knows nothing of trees and configurations; package plan applies it to them.
// The tables in docs/sensitive.md list names and texts with their verdicts, and
// the tests read them from there. The forms of well-known tokens follow their
// issuers' documents and the public rules of gitleaks and detect-secrets.
//
// Everything here takes time in proportion to the length of what it is given.
package sensitive
