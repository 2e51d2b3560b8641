package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

func TestExcerptMasks(t *testing.T) {
	for _, test := range []struct{ rule, text, want string }{ // the last line but one of text is shown
		{"what is no secret is shown", "port: 0755\n", "port: 0755"},
		{"value of a secret name", "  password: hunter2 # x\n", "  password: (sensitive)"},
		{"secret name alone", "password:\n", "password:"},
		{"name in quotes", `"db_password" : "hunter2", "x": 1` + "\n", `"db_password" : (sensitive)`},
		{"flow style", "db: {host: h, pwd: hunter2, port: 1}\n", "db: {host: h, pwd: (sensitive)"},
		{"list of mappings", "- token: hunter2\n", "- token: (sensitive)"},
		{"assignment", "env: API_KEY=hunter2\n", "env: API_KEY= (sensitive)"},
		{"secret word in a value", "note: the password is hunter2\n", "note: (sensitive)"},
		{"secret word in a comment", "port: 1 # password hunter2\n", "port: (sensitive)"},
		{"escaped name", `{"p\u0061ssword": "hunter2"}` + "\n", `{"p\u0061ssword": (sensitive)`},
		{"below a secret name", "credentials:\n  a:\n    user: hunter2\n", "    user: (sensitive)"},
		{"below a secret name, no key", "credentials:\n  - hunter2\n", "(sensitive)"},
		{"below a secret name, not indented", "tokens:\n- user: hunter2\n", "- user: (sensitive)"},
		{"below a secret name, quoted text with a colon", "tokens:\n- \"a: hunter2\"\n", "(sensitive)"},
		{"after blank lines and comments", "credentials:\n\n# x\n  user: hunter2\n", "  user: (sensitive)"},
		{"beside a secret name", "password: x\nuser: shown\n", "user: shown"},
		{"beside a list of secrets", "- password: x\n- user: shown\n", "- user: shown"},
		{"below an anchored secret name", "&a password:\n  x: hunter2\n", "  x: (sensitive)"},
		{"below a quoted secret name", "\"password\":\n x: hunter2\n", " x: (sensitive)"},
		{"explicit key", "? password\n: hunter2\n", "(sensitive)"},
		{"explicit key, below", "? password\n:\n  x: hunter2\n", "  x: (sensitive)"},
		{"several lines of a plain value", "password: a\n  hunter2\n", "(sensitive)"},
		{"several lines of a quoted value", "password: \"a\nhunter2\"\n", "(sensitive)"},
		{"after a quoted value of several lines", "password: \"a\n  b\"\nuser: shown\n", "user: shown"},
		{"quotes within quotes", `a: "x\"y"` + "\nb: 'it''s'\nuser: shown\n", "user: shown"},
		{"block scalar", "text: |\n  shown or not\n", "(sensitive)"},
		{"block scalar of a secret", "token: |-\n  hunter2\n", "(sensitive)"},
		{"after a block scalar", "token: |\n  a\nuser: shown\n", "user: shown"},
		{"block scalar in a list", "- |\n  hunter2\n", "(sensitive)"},
		{"flow of several lines", "credentials: {\n a: hunter2,\n b: 1}\n", " b: (sensitive)"},
		{"JSON", "{\n\"credentials\": {\n\"user\": \"hunter2\"\n", `"user": (sensitive)`},
		{"JSON, no key", "{\n\"credentials\": [\n\"hunter2\"\n", "(sensitive)"},
		{"JSON, after the secret", "{\n\"credentials\": [\n\"x\"],\n\"user\": \"shown\"\n", `"user": "shown"`},
		{"sensitive tag", "user: !sensitive hunter2\n", "user: !sensitive (sensitive)"},
		{"below a sensitive tag", "user: !sensitive\n  x: hunter2\n", "  x: (sensitive)"},
		{"below a sensitive tag on a line of its own", "user:\n  !sensitive\n  x: hunter2\n", "  x: (sensitive)"},
		{"sensitive in flow", "user: [!sensitive {\n  x: hunter2\n", "  x: (sensitive)"},
		{"URL with a password", "url: postgres://u:hunter2@h/db\n", "url: (sensitive)"},
		{"URL without", "url: http://h:80/db\n", "url: http://h:80/db"},
		{"private key in a line", "key: \"-----BEGIN RSA PRIVATE KEY-----\\nhunter2\"\n", "key: (sensitive)"},
		{"private key over lines", "key: -----BEGIN EC PRIVATE KEY-----\n  MHcC\n", "(sensitive)"},
		{"after a certificate", "cert: |\n  -----BEGIN CERTIFICATE-----\n  MHcC\n  -----END CERTIFICATE-----\nuser: shown\n", "user: shown"},
		{"JSON in a string", `x: '{"password": "hunter2"}'` + "\n", `x: '{"password": (sensitive)`},
		{"long run of letters and digits", "sig: 4f2a9d11c0ffee4f2a9d11c0ffee,x\n", "sig: (sensitive),x"},
		{"long name", "a_long_name_of_a_field_number_2: 0755\n", "a_long_name_of_a_field_number_2: 0755"},
		{"control characters are escaped", "x: \x1b[31m\n", `x: \x1b[31m`},
		{"line breaks of YAML 1.1", "x: 1\u2028y: 2\n", `x: 1\u2028y: 2`},
	} {
		t.Run(test.rule, func(t *testing.T) {
			text := newText([]byte(test.text))
			got := text.excerpt(text.states(), plan.Position{Line: int32(text.lines() - 1), Column: 1}, false)
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			strict := text.excerpt(text.states(), plan.Position{Line: int32(text.lines() - 1), Column: 1}, true)
			if strings.Contains(strict, "hunter2") {
				t.Errorf("a syntax error shows %s", strict)
			}
		})
	}
}

func TestExcerptOfLongLines(t *testing.T) {
	line := "list: [" + strings.Repeat("1, ", 200) + "0755, " + strings.Repeat("2, ", 200) + "]"
	p := parse("f.yaml", line)
	got := p.findings.Warnings[0].Excerpt
	if !strings.Contains(got, "0755") || !strings.HasPrefix(got, "…") || !strings.HasSuffix(got, "…") || len([]rune(got)) > excerptWidth+2 {
		t.Errorf("excerpt %q", got)
	}
	p = parse("f.yaml", "x: [0755, "+strings.Repeat("1, ", excerptLimit)+"]")
	if got := p.findings.Warnings[0].Excerpt; got != masked {
		t.Errorf("excerpt %.80q", got)
	}
}

// Whatever is wrong with a file, a secret in it is in no finding.
func TestSecretsAreNeverShown(t *testing.T) {
	const secret = "hunter2"
	files := map[string]string{
		"unquoted alias":              "c:\n  password: *hunter2\n",
		"unquoted anchor":             "c:\n  password: &hunter2\n  x: *y\n",
		"unquoted tag":                "c:\n  password: !hunter2\n",
		"unquoted tag with handle":    "c:\n  password: !hunter2!x y\n",
		"unquoted at sign":            "c:\n  password: @hunter2\n",
		"unquoted percent":            "c:\n  password: %hunter2\n",
		"unquoted bracket":            "c:\n  password: [hunter2\n  port: 1\n",
		"unquoted brace":              "c:\n  password: {hunter2\n",
		"unquoted closing bracket":    "c:\n  password: ]hunter2\n",
		"unquoted colon":              "c:\n  password: a: hunter2\n",
		"unquoted bar":                "c:\n  password: |hunter2\n",
		"no blank after the colon":    "c:\n  password:hunter2\n  port: 1\n",
		"no colon":                    "c:\n  password hunter2\n  port: 1\n",
		"secret on a line of its own": "c:\n  password:\nhunter2\nd: 1\n",
		"block not indented":          "c:\n  password: |\nhunter2\nd: 1\n",
		"block with a tab":            "c:\n  password: |\n\thunter2\n",
		"indented too far":            "c:\n  password: a\n    more: hunter2\n",
		"quote not closed":            "c:\n  password: \"hunter2\n  port: 1\n",
		"quote closed by the next":    "c:\n  password: \"a\n  token: \"hunter2\"\n",
		"quote closed further on":     "c:\n  name: \"a\n  x: \"hunter2 token\"\n",
		"quote within quotes":         "c:\n  password: 'it's hunter2'\n",
		"text after quotes":           "c:\n  password: \"a\" hunter2\n",
		"unknown escape":              "c:\n  password: \"\\hunter2\"\n",
		"control character":           "c:\n  password: hunter2\x01\n",
		"not UTF-8":                   "c:\n  password: hunter2\xff\n",
		"tab before it":               "c:\n\tpassword: hunter2\n",
		"several documents":           "c:\n  password: x\n--- {password: hunter2}\n",
		"duplicate":                   "c:\n  password: x\n  password: hunter2\n",
		"duplicate in flow":           "c: {password: x, password: hunter2, password: hunter2}\n",
		"duplicate below":             "c:\n  credentials:\n    user: x\n    user: hunter2\n",
		"duplicate configuration":     "c: {password: hunter2}\nc: {password: hunter2}\n",
		"lint beside it":              "c: {mode: 0755, password: hunter2}\n",
		"lint after it":               "c: {password: hunter2, mode: 0755}\n",
		"lint on it":                  "c:\n  credentials:\n    - hunter2\tx\n",
		"lint in a list":              "c:\n  tokens: [0755, hunter2]\n",
		"lint over lines":             "c:\n  tokens: [0755,\n  0644, hunter2]\n",
		"tag that doesn't fit":        "c:\n  password: !!int hunter2\n",
		"sensitive tag":               "c:\n  x: [0755, !sensitive hunter2]\n",
		"sensitive mapping":           "c:\n  x: !sensitive\n    mode: [0755, hunter2]\n",
		"scalar configuration":        "password: hunter2\n",
		"sensitive scalar":            "c: !sensitive hunter2\n",
		"URL":                         "c: {mode: 0755, url: \"http://u:hunter2@h\"}\n",
		"key over lines":              "c:\n  ? password\n  : 0755 hunter2\n  x: 0755\n",
		"list as key":                 "c:\n  ? [password, hunter2]\n  : 1\n",
		"comment":                     "c:\n  mode: 0755 # the password was hunter2\n",
		"bad after JSON":              "{\"c\": {\"password\": \"hunter2\"}} x\n",
	}
	for name, content := range files {
		for _, where := range []string{"ns.yaml", "ns/c.yaml", "ns.json", "ns/c.json"} {
			t.Run(name+" in "+where, func(t *testing.T) {
				_, findings, err := Load(t.Context(), folder(t, where, content), LoadOptions{})
				must(t, err)
				all := append(findings.Errors, findings.Warnings...)
				if len(all) == 0 && where == "ns.yaml" {
					t.Error("no finding")
				}
				for _, f := range all {
					if text := fmt.Sprintf("%+v", f); strings.Contains(text, secret) {
						t.Errorf("a finding shows it: %s", text)
					}
				}
			})
		}
	}
	for name, content := range map[string]string{
		"no comma":        "{\"c\": {\n\"password\": \"hunter2\"\n\"port\": 1}}",
		"no quotes":       "{\"c\": {\"password\": hunter2}}",
		"not closed":      "{\"c\": {\"password\": \"hunter2",
		"bad escape":      "{\"c\": {\"password\": \"\\hunter2\"}}",
		"line break":      "{\"c\": {\"password\": \"a\nhunter2\"}}",
		"in a list":       "{\"c\": {\"tokens\": [\"a\",\n\"hunter2\" x]}}",
		"escaped name":    "{\"c\": {\"p\\u0061ssword\": [1e999,\n\"hunter2\", 1e999]}}",
		"repeated":        "{\"c\": {\"password\": 1, \"password\": \"hunter2\"}}",
		"range beside it": "{\"c\": {\"x\": 1e999, \"password\": \"hunter2\"}}",
	} {
		t.Run("JSON: "+name, func(t *testing.T) {
			_, findings, err := Load(t.Context(), folder(t, "ns.json", content), LoadOptions{})
			must(t, err)
			if len(findings.Errors) == 0 {
				t.Error("no finding")
			}
			for _, f := range findings.Errors {
				if text := fmt.Sprintf("%+v", f); strings.Contains(text, secret) {
					t.Errorf("a finding shows it: %s", text)
				}
			}
		})
	}
}
