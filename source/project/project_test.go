package project_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/source/project"
)

// write makes a folder with a project file in it, a tree and an overlay.
func write(t *testing.T, content string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"config", "overlays/prod", "below/it"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, project.FileName)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const sample = `
project: shop
source: config
default: dev
sensitive: ["*/email/sender_*"]
protect: [payments/*]
allow_env: SHOP_*
environments:
  dev:
    target: file:.confo/dev
  prod:
    target: zk://zk1:2181,zk2:2181/confo
    overlays: [overlays/prod]
    credentials: secrets/confo#ops/zookeeper
    prune: none
    allow_env: [DB_PASSWORD]
    protect:
      - {path: "shop/**", from: [update, delete]}
    ignore: "*/session/last_seen"
    keep: ["*/database/host"]
    limits: {delete_percent: 50}
`

func TestRead(t *testing.T) {
	path := write(t, sample)
	dir := filepath.Dir(path)
	p, err := project.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "shop" || p.Source != filepath.Join(dir, "config") || strings.Join(p.Names(), " ") != "dev prod" {
		t.Errorf("read as %+v", p)
	}
	dev, err := p.Environment("")
	if err != nil || dev.Name != "dev" || dev.Target != "file:"+filepath.Join(dir, ".confo/dev") {
		t.Errorf("the default is %+v: %v", dev, err)
	}
	prod, err := p.Environment("prod")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{prod.Target, strings.TrimPrefix(prod.Overlays[0], dir), strings.TrimPrefix(prod.Credentials[0].Path, dir), prod.Prune}
	got = append(got, prod.Sensitive[0].String(), prod.Protect[0].String(), prod.Protect[1].String(), prod.Ignore[0].String(), prod.Keep[0].String())
	got = append(got, strings.Join(dev.AllowEnv, " "), strings.Join(prod.AllowEnv, " "))
	want := []string{"zk://zk1:2181,zk2:2181/confo", "/overlays/prod", "/secrets/confo#ops/zookeeper", "none", "*/email/sender_*", "payments/*", "shop/**", "*/session/last_seen", "*/database/host", "SHOP_*", "SHOP_* DB_PASSWORD"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !prod.Protect[1].Update || !prod.Protect[0].Delete || prod.Protect[0].Update || *prod.DeletePercent != 50 || dev.DeletePercent != nil {
		t.Errorf("rules: %+v", prod.Rules)
	}
}

// TestMistakes: all are found, each at its place, with what was probably meant.
func TestMistakes(t *testing.T) {
	path := write(t, `sorce: config
source: nowhere
default: stagin
prune: confgurations
limits: {delete_percent: many, x: 1}
protect: [{from: [read]}, a//b]
allow_env: [A=B, $C, {}]
environments:
  staging:
    taget: zk://a
    overlays: [overlays/prod, overlays/none]
  staging: {target: zk://b}
  a/b: {target: zk://b, prune: none, prune: none}
  c: [1]
`)
	_, err := project.Read(path)
	var all *project.Error
	if !errors.As(err, &all) {
		t.Fatalf("%v", err)
	}
	var got []string
	for _, f := range all.Findings {
		if f.Excerpt == "" || f.Position.File != filepath.ToSlash(path) {
			t.Errorf("%v has no line or place", f)
		}
		got = append(got, strings.ReplaceAll(strings.TrimPrefix(f.Error(), path), filepath.Dir(path), "DIR")+" / "+f.Hint)
	}
	want := []string{
		`:1:1: the project file has no key "sorce" / did you mean source?`,
		`:2:9: there is no folder "DIR/nowhere" / create it, or name another folder; the path is relative to this file`,
		`:4:8: prune can't be "confgurations" / did you mean configurations?`,
		`:5:26: delete_percent must be a number from 0 to 100 / write 100 to allow all deletions`,
		`:5:32: limits has no key "x" / use one of delete_percent`,
		`:6:19: "read" can't be protected against / use update or delete`,
		`:6:11: a protection needs a path / write {path: shop/*, from: [update, delete]}`,
		`:6:27: a level of the pattern is empty / write a path, as in "shop/*/password" or "**/last_seen"`,
		`:7:13: "A=B" can't be the name of an environment variable / write a name, as in DB_PASSWORD, or a pattern, as in SHOP_*`,
		`:7:18: "$C" can't be the name of an environment variable / write a name, as in DB_PASSWORD, or a pattern, as in SHOP_*`,
		`:7:22: this must be a text / write it after the colon`,
		`:10:5: an environment has no key "taget" / did you mean target?`,
		`:9:3: the environment "staging" has no target / add target: zk://host:2181/confo, or target: file:PATH`,
		`:12:3: the environment "staging" is duplicated / keep one of the two`,
		`:13:3: "a/b" can't be the name of an environment / use letters, digits and hyphens`,
		`:13:38: "prune" is duplicated / keep one of the two`,
		`:14:6: an environment must be a mapping / write KEY: VALUE`,
		`:3:10: there is no environment "stagin" / did you mean staging?`,
		`:11:31: there is no folder "DIR/overlays/none" / create it, or name another folder; the path is relative to this file`,
	}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], filepath.Dir(path), "DIR")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := project.Read(write(t, "a: [\n")); err == nil || !strings.Contains(err.Error(), project.FileName+":") {
		t.Errorf("of broken YAML: %v", err)
	}
}

// TestConnect: who to be and whom to trust, and that a line with a password is never
// shown.
func TestConnect(t *testing.T) {
	path := write(t, `environments:
  prod:
    target: zks://zk1
    credentials:
      - zk.json
      - {zookeeper_user: me, zookeeper_passwd: !env PW}
    tls: {ca: tls/ca.pem, cert: c.pem, key: c.key, server_name: zk}
  own:
    credentials: {zookeeper_host: zk1, zookeeper_port: 2181}
    tls: {}
`)
	p, err := project.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	prod, own := p.Environments[0], p.Environments[1]
	if prod.Credentials[0].Path != filepath.Join(p.Dir, "zk.json") || prod.Credentials[1].Values["zookeeper_passwd"].Tag != "!env" {
		t.Errorf("credentials: %+v", prod.Credentials)
	}
	if want := (project.TLS{CA: filepath.Join(p.Dir, "tls/ca.pem"), Cert: filepath.Join(p.Dir, "c.pem"), Key: filepath.Join(p.Dir, "c.key"), ServerName: "zk"}); *prod.TLS != want {
		t.Errorf("tls: %+v", prod.TLS)
	}
	if own.TLS == nil || own.Credentials[0].Values["zookeeper_port"].Text != "2181" {
		t.Errorf("own: %+v", own)
	}
	for wrong, words := range map[string]string{
		"credentials: {zookeeper_user: me, zookeeper_passwd: hunter2}":                "a password can't be written in the project file",
		"credentials: {zookeeper_user: me, zookeeper_passwd: !crypt hunter2}":         "zookeeper_passwd has an unknown tag !crypt",
		"credentials: {zookeeper_user: me, zookeeper_pw: hunter2}":                    `a credentials dictionary has no key "zookeeper_pw"`,
		"credentials: {zookeeper_user: me:hunter2, zookeeper_passwd: !env X}":         "zookeeper_user must be a name without a colon",
		"credentials: {zookeeper_passwd: !env X}":                                     "zookeeper_user and zookeeper_passwd must be used together",
		"credentials: {zookeeper_host: x}":                                            "zookeeper_host and zookeeper_port must be used together",
		"credentials: {}":                                                             "the credentials dictionary is empty",
		"credentials: {zookeeper_user: x, zookeeper_passwd: [hunter2]}":               "zookeeper_passwd must be a text or a reference to a text",
		"taget: x, credentials: {zookeeper_user: me, zookeeper_passwd: !env hunter2}": `an environment has no key "taget"`,
		"tls: true":         "tls must be a mapping",
		"tls: null":         "tls must be a mapping",
		"tls: {cert: x}":    "a client certificate and its key must be used together",
		"tls: {ca_file: x}": `tls has no key "ca_file"`,
	} {
		_, err := project.Read(write(t, "environments:\n  a: {target: zk://a, "+wrong+"}\n"))
		var all *project.Error
		if !errors.As(err, &all) || !strings.Contains(all.Findings[0].Message, words) {
			t.Errorf("%s: %v", wrong, err)
			continue
		}
		for _, f := range all.Findings {
			if strings.Contains(f.Message+f.Hint+f.Excerpt, "hunter2") {
				t.Errorf("%s is shown: %+v", wrong, f)
			}
		}
	}
}

func TestFind(t *testing.T) {
	path := write(t, sample)
	found, err := project.Find(filepath.Join(filepath.Dir(path), "below/it"))
	if err != nil || found != path {
		t.Errorf("from below, %q is found: %v", found, err)
	}
	t.Chdir(filepath.Join(filepath.Dir(path), "below/it"))
	if found, err := project.Find("."); err != nil || found != "../../"+project.FileName {
		t.Errorf("from here, %q is found: %v", found, err)
	}
	if found, err := project.Find(t.TempDir()); err != nil || found != "" {
		t.Errorf("where there is none, %q is found: %v", found, err)
	}
}

func TestEmpty(t *testing.T) {
	p, err := project.Read(write(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := p.Environment(""); e != nil || err != nil {
		t.Errorf("without environments, %v: %v", e, err)
	}
	_, err = p.Environment("prod")
	var unknown *project.UnknownError
	if !errors.As(err, &unknown) || unknown.Hint() == "" {
		t.Errorf("%v", err)
	}
}

// TestBounded: a project file has so many environments and overlays that reading all of
// them takes no longer than its size would have one expect.
func TestBounded(t *testing.T) {
	environments := func(n int) string {
		var b strings.Builder
		b.WriteString("environments:\n")
		for i := range n {
			fmt.Fprintf(&b, "  e%d: {target: zk://a}\n", i)
		}
		return b.String()
	}
	overlays := func(n int) string {
		return "environments: {a: {target: zk://a, overlays: [" + strings.Repeat("overlays/prod, ", n) + "]}}\n"
	}
	wildcards := func(n int) string {
		var b strings.Builder
		b.WriteString("ignore: [\"*\", ")
		for i := range n {
			fmt.Fprintf(&b, "\"shop/*%d?/**/x*\", ", i)
		}
		return b.String() + "]\n"
	}
	for text, want := range map[string]string{
		wildcards(200):     "",
		wildcards(201):     "at most 200 different names",
		environments(1000): "",
		environments(1001): "at most 1000 environments, and these are 1001",
		overlays(100):      "",
		overlays(101):      "at most 100 overlays, and these are 101",
	} {
		_, err := project.Read(write(t, text))
		if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

// TestNoPasswordInErrors: no error repeats what acl, users and credentials have after the
// name of a scheme, in whatever form it is wrong.
func TestNoPasswordInErrors(t *testing.T) {
	const password = "Zimt7stern"
	for _, text := range []string{
		"acl: {\"/\": [\"auth:ops:" + password + ":r\"]}",
		"acl: {\"/\": [\"auth:ops:r:" + password + "\"]}",
		"acl: {\"/\": [\"auth:" + password + "\"]}",
		"acl: {\"/\": [\"auht:ops:" + password + ":r\"]}",
		"acl: {\"/\": [\"" + password + ":r\"]}",
		"acl: {\"/\": [" + password + "]}",
		"acl: {\"/\": [\"world:" + password + ":r\"]}",
		"acl: {\"/\": [\"sasl:ops:" + password + "\"]}",
		"acl: {\"/\": [\"digest:ops:" + password + ":r\"]}",
		"acl: {\"/\": [\"digest:ops:r:" + password + "\"]}",
		"acl: {\"/\": [\"digest:" + password + ":x:r\"]}",
		"acl:\n  \"/\":\n  - auth:ops:" + password + ":r",
		"acl:\n  \"/\":\n    # why\n    - \"digest:ops:" + password + ":r",
		"acl:\n  \"/\":\n    - [x, " + password + "]: y",
		"acl: [\"digest:ops:" + password + ":r\"]",
		"acls: {\"/\": [\"digest:ops:" + password + ":r\"]}",
		"users: [" + password + "]",
		"users:\n- " + password,
		"users:\n- ops\n- " + password + "\n- [",
		"users: " + password,
		"user: [" + password + "]",
		"user: {ops: " + password + "}",
		"users: {ops: " + password + "}",
		"users: {ops: *" + password + "}",
		"users: {ops: {a: " + password + "}}",
		"users:\n  ops: {" + password,
		"users:\n  ops:\n    \"" + password,
		"environments:\n  prod:\n    target: file:x\n    users: [" + password + "]",
		"environments: {prod: {target: \"file:x\", users: [" + password + "]}}",
		"environments:\n  prod:\n    credentials:\n      zookeeper_user: [" + password + "]",
		"environments:\n  prod:\n    credentials:\n    - zookeeper_user: x\n      zookeeper_host: {" + password,
	} {
		_, err := project.Read(write(t, text+"\n"))
		var all *project.Error
		if !errors.As(err, &all) {
			t.Errorf("%s: read without an error (%v)", text, err)
			continue
		}
		for _, f := range all.Findings {
			if said := f.Error() + "\n" + f.Excerpt + "\n" + f.Hint; strings.Contains(said, password) {
				t.Errorf("%s:\n%s", text, said)
			}
		}
	}
}

// TestExcerptsElsewhere: lines outside of these sections are shown, also beside them.
func TestExcerptsElsewhere(t *testing.T) {
	for _, text := range []string{
		"users: {ops: !env PW}\nprune: x",
		"acl:\n  \"/\": [\"world:anyone:r\"]\nprune: x",
		"environments:\n  prod:\n    target: file:x\n    users:\n    - x\n  dev:\n    target: file:y\n    prune: x",
	} {
		_, err := project.Read(write(t, text+"\n"))
		var all *project.Error
		if !errors.As(err, &all) || !strings.Contains(all.Findings[len(all.Findings)-1].Excerpt, "prune: x") {
			t.Errorf("%s: %+v", text, err)
		}
	}
}
