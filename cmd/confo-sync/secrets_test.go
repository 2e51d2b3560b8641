package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// planted are secrets by where they are: each is in one place of one tree.
type planted struct {
	count   int
	secrets []string
}

// new returns a secret that every escaping writes in another way.
func (p *planted) new() string {
	p.count++
	s := fmt.Sprintf(`zQ%03d"ü\x<&`, p.count)
	p.secrets = append(p.secrets, s)
	return s
}

// number returns a secret that is a number.
func (p *planted) number() string {
	p.count++
	s := fmt.Sprintf("918273%03d", p.count)
	p.secrets = append(p.secrets, s)
	return s
}

// url returns a secret that may stand in a URL.
func (p *planted) url() string {
	p.count++
	s := fmt.Sprintf("zU%03d-x.y", p.count)
	p.secrets = append(p.secrets, s)
	return s
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// tree returns a namespace file with a secret in every position. Beside them,
// n makes everything differ between trees.
func (p *planted) tree(n int) string {
	q := func() string { return quote(p.new()) }
	inJSON := func() string { return quote(fmt.Sprintf(`{"password": %s, "n": %d}`, quote(p.new()), n)) }
	pem := "-----BEGIN PRIVATE KEY-----\n" + strings.ReplaceAll(p.url(), "-", "+") + "\n-----END PRIVATE KEY-----\n"
	p.secrets[len(p.secrets)-1] = strings.ReplaceAll(p.secrets[len(p.secrets)-1], "-", "+")
	marked := q()
	fields := []string{
		"password: " + q(),
		"again: {dbPasswd: " + q() + "}",
		"secrets: {a: {b: " + q() + "}, c: [" + q() + ", {d: " + q() + "}]}",
		"tokens: [" + q() + ", " + q() + "]",
		"pwd: " + p.number(),
		"users: [{name: x, password: " + q() + "}, {name: y, n: 1, password: " + q() + "}]",
		"unnamed: [{password: " + q() + "}, 1]",
		"marked: !sensitive " + marked,
		"markedBelow: !sensitive {a: " + q() + ", b: [" + q() + "]}",
		"copy: " + marked,
		"copies: [" + marked + ", x]",
		"json: " + inJSON(),
		"jsonList: " + quote("["+fmt.Sprintf("%d, %s]", n, `{"api_key": `+quote(p.new())+"}")),
		"jsonInJSON: " + quote(fmt.Sprintf(`{"a": %s, "n": %d}`, quote(fmt.Sprintf(`{"token": %s}`, quote(p.new()))), n)),
		"url: " + quote("postgres://app:"+p.url()+"@db:5432/app"),
		"lines: " + quote(fmt.Sprintf("a = 1\ndb_password = %s\nb = %d\nurl = redis://:%s@cache/\nend\n", p.new(), n, p.url())),
		"nearlyJSON: " + quote(`{"password": `+quote(p.new())+`, "n": `+fmt.Sprint(n)),
		"pem: " + quote(fmt.Sprintf("# %d\n", n)+pem),
		"command: " + quote(fmt.Sprintf("run --password %s", p.new())),
		"xml: " + quote(fmt.Sprintf("<n>%d</n>\n<passwd>%s</passwd>\n", n, p.new())),
	}
	changed := "changed: {n: " + fmt.Sprint(n) + ", " + strings.Join(fields, ", ") + "}\n"
	typed := []string{"typed: {password: " + q() + ", token: {a: " + q() + "}, secret: x}\n", "typed: {password: [" + q() + "], token: " + q() + ", secret: {n: " + q() + "}}\n"}[n%2]
	return changed + typed + fmt.Sprintf("only%d: {password: %s, list: [{token: %s}]}\n", n, q(), q())
}

// forms are how a secret may be written.
func secretForms(secret string) []string {
	forms := []string{secret, url.QueryEscape(secret), html.EscapeString(secret), fmt.Sprintf("%q", secret), fmt.Sprintf("%+q", secret)}
	ascii := strings.ReplaceAll(quote(secret), "ü", `\u00fc`)
	var unescaped bytes.Buffer
	enc := json.NewEncoder(&unescaped)
	enc.SetEscapeHTML(false)
	enc.Encode(secret)
	forms = append(forms, quote(secret), ascii, quote(ascii), strings.TrimSpace(unescaped.String()))
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for shift := range 3 {
			// What is before and after it in the encoded text may be anything.
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			forms = append(forms, encoded[(shift*8+5)/6:len(encoded)-4])
		}
	}
	for i, f := range forms {
		forms[i] = strings.Trim(f, `"`)
	}
	return forms
}

// output runs the program and returns what it writes.
func output(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	return outputIn(t, nil, args...)
}

// outputIn is output with an environment.
func outputIn(t *testing.T, env map[string]string, args ...string) (stdout, stderr string) {
	t.Helper()
	var files [2]*os.File
	for i := range files {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	run(t.Context(), args, environ, strings.NewReader("no\n"), files[0], files[1])
	var texts [2]string
	for i, f := range files {
		content, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(content)
	}
	return texts[0], texts[1]
}

// TestNoSecretIsShown plants secrets wherever they may be in what is wanted and
// in what is live, and looks for them in everything that any command writes.
func TestNoSecretIsShown(t *testing.T) {
	for _, backend := range []string{"file", "zk"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			url, refsURL := "file:"+filepath.Join(dir, "live"), "file:"+filepath.Join(dir, "refs-live")
			if backend == "zk" {
				url, refsURL = zktest.URL(t), zktest.URL(t)
			}
			var p planted
			before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
			write := func(path, content string) {
				t.Helper()
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(before+"/a.yaml", p.tree(0))
			write(after+"/a.yaml", p.tree(1))
			for i, broken := range []string{
				"a: {password: %s, b: [}\n", "a: {password: %s}\na: {password: x}\n", "a:\n  password: %s\n bad: x\n",
				"a: {token: %s, day: !unknown x}\n", "a: {url: \"http://u:x@h\", password: %s, x: !!binary aa}\n", "a: !sensitive %s\n",
			} {
				write(fmt.Sprintf("%s/broken%d/a.yaml", dir, i), fmt.Sprintf(broken, quote(p.new())))
			}
			if len(p.secrets) < 60 {
				t.Fatalf("only %d secrets are planted", len(p.secrets))
			}
			written := map[string]string{}
			command := func(args ...string) {
				t.Helper()
				name := strings.ReplaceAll(strings.Join(args, " "), dir, "")
				written[name+": stdout"], written[name+": stderr"] = output(t, args...)
			}
			file := func(name string) string { return filepath.Join(dir, name) }
			everyForm := func(args ...string) {
				for _, form := range []string{"text", "json", "markdown", "html"} {
					command(append(args, "-v", "--format", form)...)
				}
			}
			everyForm("plan", "-s", before, "-t", url) // all is created
			command("apply", "-s", before, "-t", url, "--auto-approve", "-v")
			everyForm("plan", "-s", after, "-t", url)
			everyForm("plan", "-s", before, "-t", url)
			everyForm("diff", before, after)
			everyForm("diff", url, after)
			everyForm("diff", after, url)
			for _, broken := range []int{0, 1, 2, 3, 4, 5} {
				command("validate", "-s", fmt.Sprintf("%s/broken%d", dir, broken), "-v")
				everyForm("plan", "-s", fmt.Sprintf("%s/broken%d", dir, broken), "-t", url)
			}
			command("plan", "-s", after, "-t", url, "--out", file("plan.confo"),
				"--report", "text="+file("r.txt"), "--report", "json="+file("r.json"), "--report", "markdown="+file("r.md"), "--report", "html="+file("r.html"))
			everyForm("show", file("plan.confo"))
			// Two environments, of which one has the other tree as its overlay.
			write(dir+"/confo-sync.yaml", fmt.Sprintf("source: before\nenvironments:\n  a: {target: %q}\n  b: {target: %q, overlays: [after]}\n", url, "file:"+file("second")))
			project := func(args ...string) { everyForm(append([]string{"-f", file("confo-sync.yaml")}, args...)...) }
			command("-f", file("confo-sync.yaml"), "apply", "-e", "b", "--auto-approve", "-v")
			project("render", "-e", "a")
			project("render", "-e", "b", "--origin")
			project("plan", "-e", "b")
			project("diff", "env:a", "env:b")
			project("matrix")
			project("matrix", "a/changed")
			project("matrix", "a/typed")
			project("promote", "a", "b", "--plan-only")
			project("promote", "b", "a", "--plan-only", "--with-secrets")
			project("promote", "a", "b", "a/changed", "--allow-missing", "--auto-approve")
			project("envs")
			everyForm("status", "-t", url)
			project("status", "-e", "b")
			everyForm("history", "last", "-t", url, "-s", before)
			command("history", "-t", url, "-s", after, "a/changed")
			command("history", "-t", url, "-s", after, "a/changed", "--format", "json")
			everyForm("rollback", "last", "-t", url, "-s", after, "--plan-only", "--force")
			command("backup", file("b.tar.zst"), "-t", url, "-v")
			command("backup", "verify", file("b.tar.zst"), "-v")
			command("backup", "list", dir, "-v")
			for _, form := range []string{"text", "json"} {
				command("backup", "show", file("b.tar.zst"), "-v", "--format", form, "-s", after)
				command("diff", file("b.tar.zst"), after, "--format", form)
				command("restore", file("b.tar.zst"), "-t", url, "-s", after, "--plan-only", "-v", "--format", form)
			}
			command("restore", file("b.tar.zst"), "-t", url, "-s", before, "--prune", "--auto-approve", "-v")
			command("apply", "-s", after, "-t", url, "-v")
			write(after+"/b.yaml", "x: {password: "+quote(p.new())+"}\n")
			everyForm("apply", file("plan.confo"))
			everyForm("apply", "-s", after, "-t", url, "--auto-approve")
			command("pull", "-s", file("pulled"), "-t", url, "-v")
			command("pull", "-s", file("pulled"), "-t", url, "--format", "json")
			// What references stand for, and what is encrypted and decrypted.
			key := filepath.Join(dir, "age.txt")
			identity, err := age.GenerateX25519Identity()
			if err != nil {
				t.Fatal(err)
			}
			write(key, identity.String()+"\n")
			p.secrets = append(p.secrets, identity.String())
			held := []string{p.new(), p.new()}
			refs := filepath.Join(dir, "refs")
			write(refs+"/_word", held[0])
			write(refs+"/_json", `{"x": `+quote(p.new())+`, "y": [`+p.number()+`]}`)
			write(refs+"/a.yaml", "x:\n  shown: !file _word\n  json: !file:json _json\n  wrong: !file:int _word\n")
			everyForm("plan", "-s", refs, "-t", refsURL)
			write(refs+"/a.yaml", "x:\n  shown: !file _word\n  json: !file:json _json\n  password: "+quote(p.new())+"\n  pin: !sensitive "+p.number()+"\n  note: "+quote(held[0])+"\n")
			commandOn := func(args ...string) { command(append(args, "-s", refs, "-t", refsURL, "-v")...) }
			recipient := identity.Recipient().String()
			commandOn("apply", "--auto-approve")
			commandOn("encrypt", refs+"/a.yaml", "-r", recipient)
			commandOn("encrypt", refs+"/a.yaml", "-r", identity.String())
			commandOn("plan")
			commandOn("plan", "--age-identity", key)
			commandOn("plan", "--age-identity", refs+"/_word")
			commandOn("rotate", "-r", recipient, "--age-identity", key)
			commandOn("rotate", "-r", recipient)
			commandOn("decrypt", refs+"/a.yaml", "x/pin")
			commandOn("decrypt", refs+"/a.yaml", "--age-identity", key, "--format", "json")
			write(refs+"/_word", held[1])
			for _, form := range []string{"text", "json"} {
				commandOn("pull", "--dry-run", "--format", form)
				command("pull", "-s", after, "-t", url, "--dry-run", "-v", "--format", form)
				command("-f", file("confo-sync.yaml"), "promote", "a", "b", "--write", "--dry-run", "--with-secrets", "--allow-missing", "-v", "--format", form)
			}
			commandOn("pull")
			for _, name := range []string{"plan.confo", "r.txt", "r.json", "r.md", "r.html"} {
				content, err := os.ReadFile(file(name))
				if err != nil {
					t.Error(err)
				}
				written[name] = string(content)
			}
			shownNowhere(t, written, p.secrets)
			// The search finds them where they are shown on purpose.
			stdout, _ := output(t, "diff", before, after, "--show-sensitive-in-files", "--format", "json")
			found := 0
			for _, secret := range p.secrets {
				if slices.ContainsFunc(secretForms(secret), func(form string) bool { return strings.Contains(stdout, form) }) {
					found++
				}
			}
			if found < 50 {
				t.Errorf("shown on purpose, only %d of %d secrets are found", found, len(p.secrets))
			}
		})
	}
}
