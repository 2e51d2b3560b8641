package source

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

// fakeAge has the form of what age makes, and hides nothing.
func fakeAge(text string) (string, error) {
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	return "-----BEGIN AGE ENCRYPTED FILE-----\n" + encoded + "\n-----END AGE ENCRYPTED FILE-----\n", nil
}

func unfakeAge(armored string) (string, error) {
	lines := strings.Split(strings.TrimSpace(armored), "\n")
	if len(lines) != 3 {
		return "", fmt.Errorf("%q is not what was encrypted", armored)
	}
	text, err := base64.StdEncoding.DecodeString(lines[1])
	return string(text), err
}

func fileOf(t interface {
	Helper()
	Fatal(...any)
}, dir, content string) File {
	t.Helper()
	path := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func fieldPatterns(t *testing.T, texts ...string) []FieldPattern {
	t.Helper()
	var all []FieldPattern
	for _, text := range texts {
		p, err := ParseField(text)
		must(t, err)
		all = append(all, p)
	}
	return all
}

func TestEncrypt(t *testing.T) {
	content := `# The shop.
db:
  host: db1  # where
  password:   hunter2   # the one
  port: &port 5432
  other: *port
  quoted: 'it''s'
  users: [{name: a, password: "p, q"}, b]

  key: | # pem
    one
    two
  plain: one
    two # end
  list:
  - a
  -   - b
  none:
last: x`
	f := fileOf(t, t.TempDir(), content)
	for _, test := range []struct {
		fields string
		names  string
		want   []string // lines
	}{
		{"", "db/password db/users/0/password", []string{"  password:   !age |   # the one", "    -----BEGIN AGE ENCRYPTED FILE-----", "    aHVudGVyMg==", `  users: [{name: a, password: !age "-----BEGIN AGE`}},
		{"db/other", "db/other", []string{"  port: &port !age:yaml |", "  other: *port"}},
		{"db/key", "db/key", []string{"  key: !age | # pem"}},
		{"db/plain", "db/plain", []string{"  plain: !age:yaml | # end"}},
		{"db/quoted", "db/quoted", []string{"  quoted: !age:yaml |"}},
		{"db/list", "db/list/0 db/list/1/0", []string{"  - !age |", "    -----BEGIN", "  -   - !age |", "        -----BEGIN"}},
		{"db/none", "", nil},
		{"last", "last", []string{"last: !age |", "  -----END AGE ENCRYPTED FILE-----"}},
		{"db/users/*/password", "db/users/0/password", nil},
	} {
		var fields []FieldPattern
		if test.fields != "" {
			fields = fieldPatterns(t, test.fields)
		}
		got, err := f.Encrypt(fields, plan.Sensitivity{}, fakeAge)
		if err != nil {
			t.Errorf("%s: %v", test.fields, err)
			continue
		}
		if names := strings.Join(got.Fields, " "); names != test.names {
			t.Errorf("%s: encrypted are %s", test.fields, names)
		}
		for _, line := range test.want {
			if !strings.Contains("\n"+string(got.After)+"\n", "\n"+line) {
				t.Errorf("%s: there is no line %q:\n%s", test.fields, line, got.After)
			}
		}
		back, err := fileOf(t, t.TempDir(), string(got.After)).Decrypt(nil, unfakeAge)
		if err != nil || string(back.After) != content {
			t.Errorf("%s: it becomes %v: %s", test.fields, err, cmp.Diff(content, string(back.After)))
		}
	}
	_, err := f.Encrypt(fieldPatterns(t, "db/pasword"), plan.Sensitivity{}, fakeAge)
	if err == nil || !strings.Contains(err.(plan.Finding).Hint, "did you mean db/password?") {
		t.Error(err)
	}
}

// What was encrypted by hand is decrypted to how it would be written here.
func TestDecrypt(t *testing.T) {
	seal := func(text string) string { a, _ := fakeAge(text); return indented(a, "    ") }
	flow := func(text string) string { a, _ := fakeAge(text); return strings.ReplaceAll(a, "\n", `\n`) }
	content := "db:\n  a: !age |\n" + seal("x") + "  b: !age |-  # key\n" + seal("one\ntwo\n") + "  c: !age:int |\n" + seal("7") +
		"  d: !age:json |\n" + seal(`{"x": [1, "y"]}`) + `  e: {f: !age "` + flow("one\ntwo") + `", g: !env X}` + "\n  h: !age '" + strings.ReplaceAll(flow("z"), `\n`, "\n\n    ") + "'\n" +
		"  i: !age:yaml |\n" + seal("    |\n      deeper\n") + "  j: !age |\n" + strings.TrimSuffix(seal("end"), "\n")
	got, err := fileOf(t, t.TempDir(), content).Decrypt(nil, unfakeAge)
	must(t, err)
	want := `db:
  a: x
  b: |  # key
    one
    two
  c: 7
  d: {x: [1, "y"]}
  e: {f: "one\ntwo", g: !env X}
  h: z
  i: |
    deeper
  j: end`
	if d := cmp.Diff(want, string(got.After)); d != "" {
		t.Error(d)
	}
	some, err := fileOf(t, t.TempDir(), content).Decrypt(fieldPatterns(t, "db/c"), unfakeAge)
	must(t, err)
	if strings.Count(string(some.After), "!age") != strings.Count(content, "!age")-1 || !strings.Contains(string(some.After), "  c: 7\n") {
		t.Errorf("%s", some.After)
	}
}

// TestEncryptLaw: whatever a file looks like, what is encrypted in it is put back
// byte for byte, and in between the file says the same.
func TestEncryptLaw(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := &scribe{T: t}
		for _, config := range []string{"one", "two"} {
			s.comments(0)
			names := s.names(4)
			if len(names) == 0 {
				s.out.WriteString(config + ": {}\n")
				continue
			}
			s.out.WriteString(config + ":\n")
			s.mapping(nil, names, 2, 3)
		}
		text := s.out.String()
		switch rapid.IntRange(0, 5).Draw(t, "ends") {
		case 0:
			text = strings.TrimRight(text, "\n")
		case 1:
			text = strings.ReplaceAll(text, "\n", "\r\n")
		case 2:
			text = "\uFEFF" + text
		}
		f := fileOf(t, dir, text)
		if _, _, ok := f.unit.drafts(f.data); !ok {
			t.Fatalf("not a file of a tree:\n%s", text)
		}
		fields := []FieldPattern{must3(ParseField(rapid.SampledFrom([]string{"**", "one", "two/**", "*/host", "*/*/*"}).Draw(t, "fields")))}
		got, err := f.Encrypt(fields, plan.Sensitivity{}, fakeAge)
		if err != nil {
			if strings.Contains(err.Error(), "there is no field") {
				return
			}
			t.Fatalf("%v\n%s", err, text)
		}
		back, err := fileOf(t, dir, string(got.After)).Decrypt(nil, unfakeAge)
		if err != nil {
			t.Fatalf("%v\n%s\n---\n%s", err, text, got.After)
		}
		if string(back.After) != text {
			t.Fatalf("%v\n%s", err, cmp.Diff(text, string(back.After)))
		}
		rotated, err := fileOf(t, dir, string(got.After)).Rotate(unfakeAge, fakeAge)
		if err != nil {
			t.Fatalf("%v\n%s", err, got.After)
		}
		if string(rotated.After) != string(got.After) {
			t.Fatalf("rotated: %v\n%s", err, cmp.Diff(string(got.After), string(rotated.After)))
		}
	})
}

func must3[T any](p T, err error) T {
	if err != nil {
		panic(err)
	}
	return p
}
