package source

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// partFiles are files in which values are encrypted, in the ways that YAML has to write them.
var partFiles = map[string]string{
	"block":       "# The shop.\n\n# Of db.\ndb:\n  host: a # where\n  password: zimt   # the one\n\n  n: 1\nother: {x: 1}\n",
	"flow":        "db: {host: a, password: zimt, n: 1} # all\nother: {x: 1}\n",
	"quoted":      "db:\n  password: 'zi''mt'\n  token: \"a\\tb\"\n  n: 1\n",
	"lines":       "db:\n  password: |\n    zimt\n\n     nelke\n  secret: >-\n    one\n    two\n  n: 1\n",
	"types":       "db:\n  password: 123\n  token: true\n  secret: 1.50\n  api_key: null\n  n: 1\n",
	"tags":        "db:\n  a: !sensitive 007\n  b: !sensitive '007'\n  c: !sensitive ''\n  n: 1\n",
	"windows":     "db:\r\n  password: zimt\r\n  token: |\r\n    one\r\n    two\r\n  n: 1\r\nother: {x: 1}\r\n",
	"mark":        "\uFEFFdb:\n  password: zimt\n  n: 1\n",
	"no break":    "db:\n  n: 1\n  password: zimt",
	"block end":   "db:\n  n: 1\n  password: |-\n    zimt\n    nelke",
	"items":       "db:\n  users:\n  - name: a\n    password: zimt\n  - {name: b, password: nelke}\n  passwords:\n    - anis\n    - safran\n    - safran\n  n: 1\n  token: anis\n",
	"anchors":     "db:\n  password: &p zimt\n  copy: *p\n  n: 1\nother:\n  password: *p\n",
	"references":  "db:\n  password: zimt\n  token: !env X\n  file: !file x\n  n: 1\n",
	"wide":        "db:\n    password: zimt\n    deep:\n        password: nelke\n    n: 1\nother:\n    x: 1\n",
	"odd indents": "db:\n   deep:\n     password: |\n               zimt\n                nelke\n     n: 1\n",
}

func writeFile(t *testing.T, name, content string) File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// varyingAge is fakeAge, but as with age no two texts that it returns are the same.
func varyingAge() func(text string) (string, error) {
	return func(text string) (string, error) {
		armors++
		armored, err := fakeAge(text)
		return strings.Replace(armored, "\n", fmt.Sprintf("\n%d\n", armors), 1), err
	}
}

var armors int // that were made

// varied reads what varyingAge made.
func varied(armored string) (string, error) {
	lines := strings.Split(strings.TrimSpace(armored), "\n")
	return unfakeAge(strings.Join(slices.Delete(lines, 1, 2), "\n"))
}

// TestPart: of every field of every file, a text that did not change gives the same file,
// to the byte, and one change changes one value.
func TestPart(t *testing.T) {
	for name, content := range partFiles {
		t.Run(name, func(t *testing.T) {
			plainFile := writeFile(t, "ns.yaml", content)
			done, err := plainFile.Encrypt(nil, plan.Sensitivity{}, varyingAge())
			if err != nil || len(done.Fields) == 0 {
				t.Fatal(done, err)
			}
			f := writeFile(t, "ns.yaml", string(done.After))
			for _, field := range append(f.FieldNames("db"), "") {
				p, ok, err := f.Part("db", field, varied)
				if err != nil || !ok {
					t.Fatalf("%q: %v %v", field, ok, err)
				}
				if strings.Contains(p.Text(), armorBegin) {
					t.Errorf("%q: the text has encrypted values:\n%s", field, p.Text())
				}
				edited, err := p.With(p.Text(), "db", varyingAge())
				if err != nil {
					t.Fatalf("%q: %v\n%s", field, err, p.Text())
				}
				if string(edited.After) != string(done.After) || edited.Encrypted != 0 {
					t.Errorf("%q: it became\n%s\nand was\n%s", field, edited.After, done.After)
				}
				if !strings.Contains(p.Text(), "n: 1") {
					continue
				}
				edited, err = p.With(strings.Replace(p.Text(), "n: 1", "n: 2", 1), "db", varyingAge())
				if err != nil {
					t.Fatalf("%q: %v\n%s", field, err, p.Text())
				}
				if want := strings.Replace(string(done.After), "n: 1", "n: 2", 1); string(edited.After) != want {
					t.Errorf("%q: it became\n%s\nand should be\n%s", field, edited.After, want)
				}
			}
		})
	}
}

// TestPartHidesEquality: a value that is written a second time is encrypted anew, and one
// that is renamed stays as it is.
func TestPartHidesEquality(t *testing.T) {
	done, err := writeFile(t, "ns.yaml", "db:\n  password: zimt\n  n: 1\n").Encrypt(nil, plan.Sensitivity{}, varyingAge())
	if err != nil {
		t.Fatal(err)
	}
	f := writeFile(t, "ns.yaml", string(done.After))
	for text, encrypted := range map[string]int{
		"db:\n  password: !age zimt\n  n: !age zimt\n": 1,
		"db:\n  secret: !age zimt\n  n: 1\n":           0,
	} {
		p, _, err := f.Part("db", "", varied)
		if err != nil {
			t.Fatal(err)
		}
		edited, err := p.With(text, "db", varyingAge())
		if err != nil || edited.Encrypted != encrypted {
			t.Errorf("%s: %v, %v", text, edited, err)
		}
	}
}

// TestPartEncrypts: what an edit makes of encrypted values is in no file in plain text.
func TestPartEncrypts(t *testing.T) {
	const before = "db:\n  password: zimt\n  n: 1\n  list:\n    - password: anis\n      id: 1\n"
	plainFile := writeFile(t, "ns.yaml", before)
	done, err := plainFile.Encrypt(nil, plan.Sensitivity{}, varyingAge())
	if err != nil {
		t.Fatal(err)
	}
	f := writeFile(t, "ns.yaml", string(done.After))
	for name, c := range map[string]struct{ text, fails string }{
		"changed":           {text: "db:\n  password: !age GEHEIM\n  n: 1\n"},
		"without its tag":   {text: "db:\n  password: GEHEIM\n  n: 1\n"},
		"an object":         {text: "db:\n  password: {a: GEHEIM, b: [GEHEIM]}\n  n: 1\n"},
		"renamed":           {text: "db:\n  secret: !age GEHEIM\n"},
		"another type":      {text: "db:\n  password: !age:json '[\"GEHEIM\"]'\n"},
		"lines":             {text: "db:\n  password: !age |\n    GEHEIM\n    GEHEIM\n  n: 1\n"},
		"folded":            {text: "db:\n  password: !age >\n    GEHEIM\n    GEHEIM\n  n: 1\n"},
		"quoted":            {text: "db:\n  password: !age \"GEHEIM\\nGEHEIM\"\n  n: 1\n"},
		"in brackets":       {text: "db: {password: !age GEHEIM, n: 1}\n"},
		"a new list":        {text: "db:\n  password: !age zimt\n  list:\n    - !age GEHEIM\n    - password: !age GEHEIM\n"},
		"no break":          {text: "db:\n  password: !age GEHEIM"},
		"moved":             {text: "db:\n  n: zimt\n  password: !age GEHEIM\n", fails: "would be written in plain text"},
		"copied":            {text: "db:\n  password: GEHEIM\n  n: GEHEIM\n", fails: "would be written in plain text"},
		"not of its type":   {text: "db:\n  password: !age:int GEHEIM\n", fails: "not an integer"},
		"another tag":       {text: "db:\n  password: !age:x GEHEIM\n", fails: "is unknown"},
		"nothing":           {text: "db:\n  password: !age\n  n: GEHEIM\n", fails: "needs a text"},
		"not YAML":          {text: "db:\n  password: !age GEHEIM\n n: 1\n", fails: ""},
		"another name":      {text: "dc:\n  password: !age GEHEIM\n", fails: "does not declare"},
		"another one, too":  {text: "db:\n  password: !age GEHEIM\ndc: {x: 1}\n", fails: "too"},
		"the same twice":    {text: "db:\n  password: !age GEHEIM\n  n: !age GEHEIM\n"},
		"a key in its text": {text: "db:\n  GEHEIM: !age zimt\n", fails: "-"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, err := f.Part("db", "", varied)
			if err != nil {
				t.Fatal(err)
			}
			edited, err := p.With(c.text, "db", varyingAge())
			switch {
			case c.fails == "-" || name == "not YAML" && err != nil:
			case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "GEHEIM")):
				t.Errorf("the error is %v", err)
			case c.fails == "" && err != nil:
				t.Error(err)
			case err == nil && (strings.Contains(string(edited.After), "GEHEIM") || strings.Contains(string(edited.After), "zimt")):
				t.Errorf("it is in plain text:\n%s", edited.After)
			case err == nil:
				back, err := writeFile(t, "ns.yaml", string(edited.After)).Decrypt(nil, varied)
				if err != nil || !strings.Contains(string(back.After), "GEHEIM") {
					t.Errorf("decrypted, it is %v\n%s", err, back.After)
				}
			}
		})
	}
}
