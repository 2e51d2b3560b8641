package source

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/source/secret"
)

// keys makes an age identity with age-keygen, in a file, and returns its recipient.
func keys(t *testing.T) (file, recipient string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "age.txt")
	out, err := exec.Command("age-keygen", "-o", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, recipient, _ = strings.Cut(strings.TrimSpace(string(out)), ": ")
	return file, recipient
}

func armored(t *testing.T, recipient, text string) string {
	t.Helper()
	r, err := secret.ParseRecipients([]string{recipient})
	must(t, err)
	a, err := r.Encrypt(text)
	must(t, err)
	return a
}

func indented(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+by) + "\n"
}

func TestReferences(t *testing.T) {
	t.Setenv("PASSWORD", "hunter2")
	t.Setenv("PORT", "5432")
	t.Setenv("RATIO", " 0.5 ")
	t.Setenv("ON", "true")
	t.Setenv("POOL", `{"max": 1}`)
	key, recipient := keys(t)
	dir := folder(t,
		"secrets/token", "t0ken\n",
		"config/shop.yaml", `db:
  password: !env PASSWORD
  port: !env:int PORT
  ratio: !env:float RATIO
  "on": !env:bool ON
  pool: !env:json POOL
  users:
    - !env PASSWORD
    - {name: x, token: !file ../secrets/token}
  key: !age |
`+indented(armored(t, recipient, "sealed"), "    ")+`  port2: !age:int |
`+indented(armored(t, recipient, "7"), "    ")+`  raw: !age:yaml |
`+indented(armored(t, recipient, "  'it''s'"), "    ")+`  flow: [!age "`+strings.ReplaceAll(armored(t, recipient, "f"), "\n", `\n`)+`"]
`)
	opts := LoadOptions{References: References{Resolver: secret.New(secret.Options{Root: dir, Identities: []string{key}, Variables: secret.Variables{Listed: []string{"*"}}})}}
	tree, problems, warnings := load(t, filepath.Join(dir, "config"), opts)
	if len(problems)+len(warnings) > 0 {
		t.Fatal(problems, warnings)
	}
	want := `{"password": "hunter2", "port": 5432, "ratio": 0.5, "on": true, "pool": {"max": 1}, "users": ["hunter2", {"name": "x", "token": "t0ken"}], "key": "sealed", "port2": 7, "raw": "it's", "flow": ["f"]}`
	c := tree.Namespaces[0].Configs[0]
	if got := string(c.Value.Reveal()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	hidden := []string{"key", "flow[0]", "on", "password", "pool.max", "port", "port2", "ratio", "raw", "users[0]", "users[1].name", "users[1].token"} // what is in a list is at any place of it
	got := sensitivePaths(c.Value)
	if d := cmp.Diff(sorted(hidden), sorted(got)); d != "" {
		t.Error("sensitive:", d)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %s", tree, c, c.Value), "hunter2") {
		t.Error("a tree that is printed shows what a reference stands for")
	}

	// Without secrets, it is only checked.
	opts.References = References{Unresolved: true}
	if _, problems, warnings := load(t, filepath.Join(dir, "config"), opts); len(problems)+len(warnings) > 0 {
		t.Error(problems, warnings)
	}
}

// All that is wrong with references is said at once, and none of it quotes a
// secret.
func TestReferenceErrors(t *testing.T) {
	t.Setenv("PASSWORD", "hunter2")
	os.Unsetenv("UNSET")
	dir := folder(t, "a.yaml", `one: {a: !env UNSET, b: !env:int PASSWORD, c: !file none}
two:
  - !env:bool PASSWORD
  - !env:float PASSWORD
  - !env:json PASSWORD
  - !env
  - !env [a]
  - !env:date PASSWORD
  - !age nonsense
  - !file /etc/passwd
three: {!env PASSWORD: 1}
`, "b.yaml", "one: !env PASSWORD\n")
	_, problems, _ := load(t, dir, LoadOptions{References: References{Resolver: secret.New(secret.Options{Root: dir, Variables: secret.Variables{Listed: []string{"*"}}})}})
	want := []string{
		"a.yaml:1:10: the environment variable UNSET is not set",
		"a.yaml:1:25: the value of this !env is not an integer",
		"a.yaml:1:47: there is no file none",
		"a.yaml:3:5: the value of this !env is not true or false",
		"a.yaml:4:5: the value of this !env is not a number",
		"a.yaml:5:5: the value of this !env is not JSON",
		"a.yaml:6:5: !env needs the name of an environment variable",
		"a.yaml:7:5: !env needs the name of an environment variable",
		"a.yaml:8:5: the tag !env:date is unknown",
		"a.yaml:9:5: this is not an age file",
		"a.yaml:10:5: /etc/passwd is outside the project",
		"a.yaml:11:9: a reference can't be a key",
		"b.yaml:1:6: the configuration \"one\" must be a mapping or a sequence, not a string",
	}
	if d := cmp.Diff(want, problems); d != "" {
		t.Error(d)
	}
	if strings.Contains(strings.Join(problems, "\n"), "hunter2") {
		t.Error("an error holds a secret")
	}
	// What is malformed is so without secrets, too.
	_, problems, _ = load(t, dir, LoadOptions{References: References{Unresolved: true}})
	if got := strings.Join(problems, "\n"); strings.Count(got, "\n") != 4 || !strings.Contains(got, ":6:5") || !strings.Contains(got, ":7:5") || !strings.Contains(got, ":8:5") || !strings.Contains(got, ":11:9") {
		t.Errorf("without secrets: %s", got)
	}
}

// Files that the sops program encrypted, as YAML and as JSON.
func TestSOPS(t *testing.T) {
	key, recipient := keys(t)
	dir := folder(t, "shop.yaml", `# The shop.
db:
  host: db1 # where it is
  password: hunter2
  port: 5432
  "on": true
  users: [a, {b: c}]
limits: {max: 5}
`, "other/c.json", `{"token": "hunter2", "n": 1.50, "none": null}`, "plain.yaml", "sops: {version: 1}\n")
	sops := func(args ...string) {
		t.Helper()
		cmd := exec.Command("sops", args...)
		cmd.Env = append(os.Environ(), "SOPS_AGE_KEY_FILE="+key)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("sops %v: %v: %s", args, err, out)
		}
	}
	sops("encrypt", "--age", recipient, "--in-place", filepath.Join(dir, "shop.yaml"))
	sops("encrypt", "--age", recipient, "--in-place", filepath.Join(dir, "other/c.json"))
	opts := LoadOptions{References: References{Resolver: secret.New(secret.Options{Root: dir, Identities: []string{key}})}}
	want := `other
other/c = {"token": "hunter2", "n": 1.5, "none": null}
plain
plain/sops = {"version": 1}
shop
shop/db = {"host": "db1", "password": "hunter2", "port": 5432, "on": true, "users": ["a", {"b": "c"}]}
shop/limits = {"max": 5}
`
	tree, problems, warnings := load(t, dir, opts)
	if got := contents(tree); got != want || len(problems)+len(warnings) > 0 {
		t.Fatal(cmp.Diff(want, got), problems, warnings)
	}
	c := tree.Namespaces[2].Configs[0]
	if got := sensitivePaths(c.Value); len(got) != 6 {
		t.Errorf("sensitive are %v", got)
	}
	if c.Position.Line == 0 || c.Position.File == "" {
		t.Errorf("it stands at %v", c.Position)
	}
	// Overlays may be laid over it, and be encrypted themselves.
	over := folder(t, "shop.yaml", "db: {password: other}\n")
	sops("encrypt", "--age", recipient, "--in-place", filepath.Join(over, "shop.yaml"))
	opts.Overlays = []Overlay{{Dir: over}}
	tree, problems, _ = load(t, dir, opts)
	if got := contents(tree); !strings.Contains(got, `"password": "other"`) || len(problems) > 0 {
		t.Error(got, problems)
	}

	// It can be checked without keys, and not be read without.
	if _, problems, _ := load(t, dir, LoadOptions{References: References{Unresolved: true}, Overlays: opts.Overlays}); len(problems) > 0 {
		t.Error(problems)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	opts = LoadOptions{References: References{Resolver: secret.New(secret.Options{Root: dir})}}
	_, problems, _ = load(t, dir, opts)
	if len(problems) != 2 || !strings.HasPrefix(problems[0], "other/c.json:1:1: sops can't decrypt this file:") {
		t.Error(problems)
	}
	t.Setenv("PATH", "")
	_, problems, _ = load(t, dir, opts)
	if len(problems) != 2 || !strings.Contains(problems[0], "the sops program is not installed") {
		t.Error(problems)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
