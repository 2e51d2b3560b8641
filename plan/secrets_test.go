package plan_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// hidden returns a configuration's one string with *** for its secret parts.
func hidden(text string) string {
	value := plan.Encode(plan.Node{Kind: plan.List, Items: []plan.Node{{Kind: plan.String, Text: text}}})
	edits, _ := plan.Change{Key: plan.Key{Namespace: "n", Config: "c"}, Action: plan.Create, After: value}.Edits(plan.Sensitivity{})
	n := edits[0].After
	if n.Sensitive && n.Secrets() == nil {
		return "***"
	}
	var b strings.Builder
	from := 0
	for _, part := range n.Secrets() {
		b.WriteString(text[from:part.From] + "***")
		from = part.To
	}
	return b.String() + text[from:]
}

func TestSecretParts(t *testing.T) {
	for _, test := range []struct{ rule, text, want string }{
		{"nothing", "postgres://db/app", "postgres://db/app"},
		{"a URL's user and password", "postgres://app:hunter2@db:5432/app?x=y", "postgres://***@db:5432/app?x=y"},
		{"several", "http://a:b@c d://e@f", "http://***@c d://***@f"},
		{"hosts with their own", "mongodb://u:p@h1,u:p@h2/db", "mongodb://***@h2/db"},
		{"an @ in the password", "http://u:p@ss@h/", "http://***@h/"},
		{"a private key", "before\n" + privateKey + "after", "before\n***\nafter"},
		{"one without an end", "-----BEGIN PRIVATE KEY-----\nMIIE\n", "***"},
		{"a certificate and its key", certificate + privateKey, certificate + "***\n"},
		{"an assignment goes to the end of its line", "a = 1\r\npassword = my pass word ;#\r\nb = 2", "a = 1\r\npassword = ***\r\nb = 2"},
		{"in DSNs too", "host=db password=hunter2 dbname=app", "host=db password=***"},
		{"a URL within what is assigned", "db_password: http://a:b@c", "db_password: ***"},
		{"an option", "--db-password hunter2", "--db-password ***"},
		{"XML", "<a><apiKey>x</apiKey></a>", "<a><apiKey>***"},
	} {
		if got := hidden(test.text); got != test.want {
			t.Errorf("%s: %q is shown as %q, not %q", test.rule, test.text, got, test.want)
		}
	}
}

// TestSecretPartsLaw: whatever is around it, a planted secret is not shown.
func TestSecretPartsLaw(t *testing.T) {
	const secret = "hunter2hunter2"
	plants := []string{
		"postgres://app:" + secret + "@db", "https://" + secret + "@git", "-----BEGIN RSA PRIVATE KEY-----\n" + secret + "\n-----END RSA PRIVATE KEY-----",
		"password=" + secret, "token: '" + secret + "'", `"client_secret" : "` + secret + `"`, "--api-key " + secret, "<passwd>" + secret + "</passwd>",
	}
	around := rapid.SampledFrom([]string{"", " ", "\n", "text\n", "\ta: b\n", "{", "x=1 ", "http://h/ ", "é ", certificate})
	rapid.Check(t, func(t *rapid.T) {
		text := around.Draw(t, "before") + rapid.SampledFrom(plants).Draw(t, "plant") + around.Draw(t, "after")
		if got := hidden(text); strings.Contains(got, secret) {
			t.Fatalf("%q is shown as %q", text, got)
		}
	})
}
