package plan_test

import (
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

const (
	privateKey  = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"
	certificate = "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n"
)

func TestLooksSecret(t *testing.T) {
	for rule, text := range map[string]string{
		"a user and password":             "postgres://app:hunter2@db/app",
		"a token alone":                   "https://ghp_1234@example.com/x.git",
		"an empty password":               "redis://app:@cache",
		"a password with a slash":         "amqp://app:a/b@mq/",
		"a password with ? and #":         "amqp://app:a?b#c@mq/",
		"a scheme of several parts":       "jdbc:mysql://app:hunter2@db:3306/app",
		"within a text":                   "dial redis://app:hunter2@cache, then wait",
		"after a URL without":             "http://a/ http://app:hunter2@b/",
		"an assignment":                   "host=db password=hunter2",
		"in another form":                 "db.password : hunter2",
		"in nearly JSON":                  `{"password": "hunter2"`,
		"in YAML":                         "db:\n  api_key: hunter2\n",
		"in Ruby":                         "'secret' => 'hunter2'",
		"a query":                         "https://db/?user=a&password=hunter2",
		"an option":                       "mysql --password hunter2",
		"XML":                             "<password>hunter2</password>",
		"a private key":                   privateKey,
		"of any kind":                     "-----BEGIN PRIVATE KEY-----\nMIIE",
		"after a certificate":             certificate + privateKey,
		"JSON with a secret":              ` {"password": "hunter2"}`,
		"in a list":                       `[{"apiKey": "hunter2"}]`,
		"JSON with a URL":                 `["postgres://app:hunter2@db/app"]`,
		"JSON in JSON":                    `{"a": "{\"token\": \"hunter2\"}"}`,
		"a number under a secret's name":  `{"pwd": 1234}`,
		"an address behind a port, maybe": "https://example.com:8080/@someone",
	} {
		if !plan.LooksSecret(text) {
			t.Errorf("%s: %q is taken for no secret", rule, text)
		}
	}
	for rule, text := range map[string]string{
		"nothing":                   "",
		"a word":                    "hunter2",
		"a mail address":            "ops@example.com",
		"a URL":                     "https://example.com/a?b=c#d",
		"a mail address in a path":  "https://example.com/users/ops@example.com",
		"and in a query":            "https://example.com/?mail=ops@example.com",
		"behind white space":        "http://a:80 b@c",
		"a certificate":             certificate,
		"a public key":              "-----BEGIN PUBLIC KEY-----\nMIIB",
		"the words private key":     "PRIVATE KEY",
		"a label without its end":   "-----BEGIN PRIVATE KEY",
		"JSON without a secret":     `{"user": "root"}`,
		"whether there is a secret": `{"password": true, "token": null}`,
		"an empty object":           `{"password": {}}`,
		"no JSON, no secret's name": `{"user": "hunter2"`,
		"a question":                "passwords? ask",
		"an option without a value": "--password",
		"a comparison":              "token > 5",
		"an empty line":             "password:\nuser",
		"a Python path":             "app.token::",
		"nearly a URL":              "://",
	} {
		if plan.LooksSecret(text) {
			t.Errorf("%s: %q is taken for a secret", rule, text)
		}
	}
}

func parsePath(steps ...any) plan.Path {
	var path plan.Path
	for _, s := range steps {
		switch s := s.(type) {
		case string:
			path = append(path, plan.Name(s))
		case int:
			path = append(path, plan.Item(s))
		}
	}
	return path
}

func decode(t testing.TB, text string) plan.Node {
	t.Helper()
	n, err := plan.NewValue([]byte(text)).Parse()
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

// TestMarks writes values as they are shown, with *** for what is hidden.
func TestMarks(t *testing.T) {
	for _, test := range []struct {
		rule     string
		value    string
		declared []plan.Path
		want     string
	}{
		{"nothing is hidden", `{"a": 1, "b": ["x"]}`, nil, `{"a": 1, "b": ["x"]}`},
		{"by its name", `{"user": "root", "password": "x"}`, nil, `{"user": "root", "password": ***}`},
		{"a number too", `{"pwd": 1234, "token": 0.5}`, nil, `{"pwd": ***, "token": ***}`},
		{"whether and nothing are no secrets", `{"allow_credentials": true, "token": null}`, nil, `{"allow_credentials": true, "token": null}`},
		{"every leaf below a name, not the structure", `{"secrets": {"a": "x", "b": [1, {"c": "y"}]}}`, nil, `{"secrets": {"a": ***, "b": [***, {"c": ***}]}}`},
		{"within lists", `[{"token": "x"}, "y"]`, nil, `[{"token": ***}, "y"]`},
		{"by its looks", `{"url": "a://u:p@h", "key": "-----BEGIN PRIVATE KEY-----"}`, nil, `{"url": ***, "key": ***}`},
		{"JSON in a string", `{"a": "{\"password\": \"x\"}"}`, nil, `{"a": ***}`},
		{"declared", `{"a": {"b": "x", "c": "y"}}`, []plan.Path{parsePath("a", "b")}, `{"a": {"b": ***, "c": "y"}}`},
		{"declared, with all below", `{"a": {"b": "x", "c": [true, null]}}`, []plan.Path{parsePath("a")}, `{"a": {"b": ***, "c": [***, ***]}}`},
		{"declared as a whole", `{"a": 1}`, []plan.Path{nil}, `{"a": ***}`},
		{"declared in a list: elements move", `{"l": [{"a": "x"}, {"a": "y"}]}`, []plan.Path{parsePath("l", 1, "a")}, `{"l": [{"a": ***}, {"a": ***}]}`},
		{"declared where there is nothing", `{"a": 1}`, []plan.Path{parsePath("b", "c"), parsePath("a", 0)}, `{"a": 1}`},
	} {
		n := decode(t, test.value)
		change := plan.Change{
			Key: plan.Key{Namespace: "ns", Config: "c"}, Action: plan.Create,
			After: plan.Encode(plan.Node{Kind: plan.List, Items: []plan.Node{n}}, wrapped(test.declared)...),
		}
		edits, _ := change.Edits(plan.Sensitivity{})
		if got := shown(edits[0].After); got != test.want {
			t.Errorf("%s: %s shows as %s, want %s", test.rule, test.value, got, test.want)
		}
		if got := edits[0].Sensitive(); got != strings.Contains(test.want, "***") {
			t.Errorf("%s: the edit is sensitive: %v", test.rule, got)
		}
	}
}

// wrapped returns the paths of what has become the one element of a list.
func wrapped(paths []plan.Path) []plan.Path {
	var all []plan.Path
	for _, p := range paths {
		all = append(all, append(plan.Path{plan.Item(0)}, p...))
	}
	return all
}

// TestMarkedTexts: what the tree marks in one place is hidden in every other.
func TestMarkedTexts(t *testing.T) {
	marks := plan.Encode(decode(t, `{"iban": "DE02 1203", "pin": "1", "deep": ["quitte", 12345]}`),
		parsePath("iban"), parsePath("pin"), parsePath("deep"))
	tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "a", Configs: []plan.Config{
		{Name: "x", Value: marks}, {Name: "y", Value: plan.NewValue([]byte(`{`))},
	}}}}
	change := plan.Change{
		Key: plan.Key{Namespace: "b", Config: "c"}, Action: plan.Delete,
		Before: plan.NewValue([]byte(`[{"a": "DE02 1203", "b": "quitte", "c": "1", "d": 12345, "e": "DE02", "f": "[\"quitte\"]"}]`)),
	}
	edits, _ := change.Edits(plan.SensitivityOf(tree, nil))
	// A short text is not looked for: it would be everywhere.
	const want = `{"a": ***, "b": ***, "c": "1", "d": ***, "e": "DE02", "f": ***}`
	if got := shown(edits[0].Before); got != want {
		t.Errorf("shows as %s, want %s", got, want)
	}
}

func TestCountSensitive(t *testing.T) {
	tree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "a", Configs: []plan.Config{
		{Name: "none", Value: plan.NewValue([]byte(`{"a": 1}`))},
		{Name: "three", Value: plan.NewValue([]byte(`{"password": ["x", "y"], "u": {"token": 1}}`))},
		{Name: "marked", Value: plan.Encode(decode(t, `{"a": 1}`), parsePath("a"))},
		{Name: "unreadable", Value: plan.NewValue([]byte(`{`))},
	}}}}
	if got := (plan.Sensitivity{}).Count(tree); got != 5 {
		t.Errorf("%d leaves are sensitive, want 5", got)
	}
}

// TestSensitivePatterns: a project's patterns name fields, whatever is below them,
// and whole configurations.
func TestSensitivePatterns(t *testing.T) {
	var patterns []plan.Pattern
	for _, text := range []string{"ns/c/sender_*", "*/c/list/*/pin", "**/deep", "other/c/a", "ns/whole"} {
		p, err := plan.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	for _, test := range []struct{ config, value, want string }{
		{"c", `{"sender_name": "x", "sender_all": {"a": ["y", 1]}, "sender": "z"}`, `{"sender_name": ***, "sender_all": {"a": [***, ***]}, "sender": "z"}`},
		{"c", `{"list": [{"pin": 1, "a": 2}, {"pin": 3}]}`, `{"list": [{"pin": ***, "a": 2}, {"pin": ***}]}`},
		{"c", `{"a": {"b": {"deep": [1]}}}`, `{"a": {"b": {"deep": [***]}}}`},
		{"c", `{"a": "b"}`, `{"a": "b"}`},
		{"whole", `{"a": "b"}`, `{"a": ***}`},
	} {
		c := plan.Change{Key: plan.Key{Namespace: "ns", Config: test.config}, Action: plan.Create, After: plan.NewValue([]byte(test.value))}
		edits, _ := c.Edits(plan.Sensitivity{}.With(patterns))
		whole := plan.Node{Kind: plan.Object}
		for _, e := range edits {
			whole.Fields = append(whole.Fields, plan.Field{Name: e.Path.String(), Value: *e.After})
		}
		if got := shown(&whole); got != test.want {
			t.Errorf("%s: %s shows as %s, want %s", test.config, test.value, got, test.want)
		}
	}
}
