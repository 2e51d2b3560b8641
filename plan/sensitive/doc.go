// Package sensitive recognizes secrets by the name of a field and by the form of a
// text. No other package does this.
//
//	sensitive.Name("db_password")            // Secret
//	sensitive.Name("token_ttl")              // Open
//	sensitive.Parts("redis://app:pw@cache")  // the bytes of "app:pw"
//
// Package plan applies it to trees and configurations. The tables in docs/sensitive.md
// list names and texts with the expected results, and the tests read these tables. The
// forms of well-known tokens follow the documents of their issuers and the public rules
// of gitleaks and detect-secrets.
//
// The time of every function grows linearly with the length of its arguments. All
// functions are safe for concurrent use.
package sensitive
