package main

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/alecthomas/kong"
	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// shownNowhere looks for secrets, in every form, in what was written.
func shownNowhere(t *testing.T, written map[string]string, secrets []string) {
	t.Helper()
	for _, where := range slices.Sorted(maps.Keys(written)) {
		for _, secret := range secrets {
			for _, form := range secretForms(secret) {
				if at := strings.Index(written[where], form); at >= 0 {
					t.Errorf("%s shows the secret %s as %s:\n…%s…", where, secret, form, written[where][max(0, at-80):min(len(written[where]), at+60)])
				}
			}
		}
	}
}

// seeker runs commands, each with -v, and keeps what they write.
type seeker struct {
	t       *testing.T
	dir     string
	env     map[string]string
	written map[string]string
	ran     map[string]bool // commands, by their path
	secrets planted
}

func newSeeker(t *testing.T) *seeker {
	return &seeker{t: t, dir: t.TempDir(), env: map[string]string{}, written: map[string]string{}, ran: map[string]bool{}}
}

func (s *seeker) at(name string) string { return filepath.Join(s.dir, name) }

func (s *seeker) write(name, content string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.at(name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.at(name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// run runs a command as text and as JSON. Which command it is, its parsed line says.
func (s *seeker) run(args ...string) {
	s.t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.Exit(func(int) {}))
	if err != nil {
		s.t.Fatal(err)
	}
	if parsed, err := parser.Parse(args); err == nil {
		s.ran[strings.Fields(parsed.Command())[0]+" "+parsed.Selected().Name] = true
	}
	for _, form := range []string{"text", "json"} {
		args := append(slices.Clone(args), "-v", "--timeout", "3s", "--format", form)
		name := strings.ReplaceAll(strings.Join(args, " "), s.dir, "")
		stdout, stderr := outputIn(s.t, s.env, args...)
		name = fmt.Sprint(len(s.written), " ", name)
		s.written[name+": stdout"], s.written[name+": stderr"] = stdout, stderr
	}
}

// everyCommandRan fails the test for every command that was not run; init is, apart.
func (s *seeker) everyCommandRan() {
	for _, leaf := range model(s.t).Model.Leaves(true) {
		top := leaf
		for top.Parent != nil && top.Parent.Type == kong.CommandNode {
			top = top.Parent
		}
		if name := top.Name + " " + leaf.Name; !s.ran[name] && top.Name != "init" {
			s.t.Errorf("%s is not searched for secrets: add it to this test", name)
		}
	}
}

// TestNoSecretIsShownByFailures plants secrets and has every command run with -v, most
// of them into something that is wrong: what is live is not JSON, was changed by
// somebody else, can't be read, or is no target at all.
func TestNoSecretIsShownByFailures(t *testing.T) {
	for _, backend := range []string{"file", "zk"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			s := newSeeker(t)
			p := &s.secrets
			target := "file:" + s.at("live")
			change := func(name, content string) { s.write("live/"+name+".json", content) }
			if backend == "zk" {
				addr := zktest.Addr(t)
				client := zktest.Client(t, addr)
				target = zktest.URL(t)
				root := strings.TrimPrefix(target, "zk://"+addr)
				change = func(name, content string) {
					t.Helper()
					if _, err := client.Set(root+"/"+name, []byte(content), -1); err == zk.ErrNoNode {
						if _, err := client.Create(root+"/"+name, []byte(content), 0, zk.WorldACL(zk.PermAll)); err != nil {
							t.Fatal(err)
						}
					} else if err != nil {
						t.Fatal(err)
					}
				}
				defer s.wrongCredentials(addr, root, client)
			}
			tree := func(name string, n int) { s.write(name+"/a.yaml", p.tree(n)) }
			tree("before", 0)
			tree("after", 1)
			before, after := s.at("before"), s.at("after")
			common := func(args ...string) { s.run(append(args, "-t", target)...) }
			raw := "# not JSON\npassword = " + p.new() + "\n" + p.new()

			common("apply", "-s", before, "--auto-approve")
			common("plan", "-s", after, "--out", s.at("plan.confo"))
			common("backup", s.at("b.tar.zst"))
			// Somebody else changes what was planned, applied and backed up.
			change("a/changed", `{"password": `+quote(p.new())+`, "n": 5, "url": "http://x:`+p.url()+`@h/"}`)
			change("a/broken", raw)
			change("a/typed", `{"password": `+quote(p.new())+`, "token": `+quote(p.new()))
			s.run("apply", s.at("plan.confo"))
			s.run("show", s.at("plan.confo"))
			s.run("show", s.at("before/a.yaml"))
			s.run("apply", s.at("before/a.yaml"))
			common("apply", "-s", after, "--fingerprint", "p1-"+strings.Repeat("a", 45))
			common("plan", "-s", after)
			common("diff", target, after)
			common("diff", after, target)
			common("diff", s.at("b.tar.zst"), after)
			common("pull", "-s", s.at("pulled"))
			common("pull", "-s", before, "--dry-run")
			common("rollback", "last", "-s", before)
			common("rollback", "last", "-s", before, "--force", "--auto-approve")
			common("restore", s.at("b.tar.zst"), "-s", before, "--auto-approve")
			change("a/broken", raw)
			common("restore", s.at("b.tar.zst"), "--exact", "--auto-approve")
			common("status")
			for _, path := range []string{"a", "a/changed", "a/changed#password", "a/broken", "a/typed", "a/typed#token", "b/none"} {
				common("get", path)
				common("get", path, "--raw")
				common("get", path, "--format", "json")
			}
			common("history", "-s", before)
			common("history", "a/changed", "-s", before)
			common("apply", "-s", after, "--on-failure", "rollback", "--auto-approve")
			common("history", "last", "-s", before)
			common("history", "prune", "--keep", "1")
			// Editors that make the text wrong, and that fail.
			s.write("edited/a.yaml", "c:\n  password: "+quote(p.new())+"\n  n: 1\n")
			identity, err := age.GenerateX25519Identity()
			if err != nil {
				t.Fatal(err)
			}
			s.write("key.txt", identity.String()+"\n")
			s.run("encrypt", s.at("edited/a.yaml"), "-r", identity.Recipient().String())
			s.write("new.yaml", "c:\n  password: "+quote(p.new())+"\n  n: !age "+quote(p.new())+"\n")
			s.write("wrong.yaml", "c:\n  password: !age "+quote(p.new())+"\n n: "+quote(p.new())+"\n")
			for _, editor := range []string{
				"sed -i s/n:/n/", "sed -i s/password:/password/", "sed -i 's/.*n:.*/x:/'", "sed -i -e s/!age// -e s/password:/other:/",
				"sed -i 's/!age /!age:int /'", "sed -i 's/!age /!age:json /'", "false", "", "sed -i s/c:/d:/", "sed -i 's/n: 1/n: *x/'",
				"sed -i 's/\"$//'", "cp " + s.at("wrong.yaml"), "cp " + s.at("new.yaml"),
			} {
				s.env["EDITOR"] = editor
				edit := []string{"edit", "a/c", "-s", s.at("edited"), "--age-identity", s.at("key.txt")}
				s.run(edit...)
				s.run(append(edit, "-r", identity.Recipient().String())...)
			}
			delete(s.env, "EDITOR")
			s.write("large/l.yaml", "c: {password: "+quote(p.new())+", text: "+strings.Repeat("x", 2<<20)+"}\n")
			common("apply", "-s", s.at("large"), "--auto-approve")
			s.write("names/a.yaml", "\"c/d\": {password: "+quote(p.new())+"}\n\"\": {token: "+quote(p.new())+"}\n")
			common("validate", "-s", s.at("names"))

			// Archives that are damaged.
			content, err := os.ReadFile(s.at("b.tar.zst"))
			if err != nil {
				t.Fatal(err)
			}
			s.write("backups/cut.tar.zst", string(content[:len(content)/2]))
			content[len(content)/3] ^= 1
			s.write("backups/changed.tar.zst", string(content))
			for _, name := range []string{"cut", "changed"} {
				s.run("backup", "verify", s.at("backups/"+name+".tar.zst"))
				s.run("backup", "show", s.at("backups/"+name+".tar.zst"))
				common("restore", s.at("backups/"+name+".tar.zst"), "--auto-approve")
			}
			s.run("backup", "list", s.at("backups"))
			s.run("backup", "prune", s.at("backups"), "--keep-last", "1")

			// Environments, variables that are not listed, and files in all layouts.
			s.env["APP"] = p.new()
			s.write("confo-sync.yaml", fmt.Sprintf("source: refs\nallow_env: [APP]\nenvironments:\n  a: {target: %q}\n  b: {target: %q, overlays: [after]}\n", target, "file:"+s.at("second")))
			s.write("refs/a.yaml", "c: {x: !env APP, y: !env:int APP, z: !env OTHER}\nd: {token:    "+quote(p.new())+"}\n")
			project := func(args ...string) { s.run(append(args, "-f", s.at("confo-sync.yaml"))...) }
			project("plan", "-e", "a")
			s.write("refs/a.yaml", "c: {x: !env APP, copy: "+quote(s.env["APP"])+"}\nd: {token:    "+quote(p.new())+"}\n")
			// fmt follows no references: it hides what is named or marked.
			s.run("fmt", "--diff", "-s", before)
			s.run("fmt", "--check", "-s", before)
			for _, args := range []string{"envs", "validate -e a", "render -e b", "matrix", "matrix a/c", "promote a b --plan-only", "promote b a --declared --plan-only --with-secrets",
				"plan -e c", "fmt", "encrypt X", "encrypt X -r age1x", "decrypt X", "rotate", "version", "help", "completion bash"} {
				project(strings.Fields(strings.ReplaceAll(args, "X", s.at("refs/a.yaml")))...)
			}
			cmd := exec.Command("confo-sync", "init", "--from", target, "-v")
			cmd.Dir = s.at("second")
			if err := os.MkdirAll(cmd.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			out, _ := cmd.CombinedOutput()
			s.written["init"] = string(out)
			s.everyCommandRan()
			shownNowhere(t, s.written, p.secrets)
		})
	}
}

// wrongCredentials goes to servers that don't take them, with credentials that are
// secret, and to those that are none.
func (s *seeker) wrongCredentials(addr, root string, client *zk.Conn) {
	t, p := s.t, &s.secrets
	right, wrong, inURL := p.url(), p.url(), p.url()
	if _, err := client.SetACL(root+"/a/changed", zk.DigestACL(zk.PermAll, "app", right), -1); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(addr)
	dictionary := func(password string) string {
		return fmt.Sprintf(`{"zookeeper_host": %q, "zookeeper_port": %q, "zookeeper_user": "app", "zookeeper_passwd": %q}`, host, port, password)
	}
	s.write("wrong.json", dictionary(wrong))
	s.write("right.json", dictionary(right))
	s.write("cut.json", dictionary(wrong)[:80])
	s.write("number.json", strings.Replace(dictionary(wrong), `"app"`, "5", 1))
	on := func(target string) {
		for _, credentials := range []string{"wrong.json", "right.json", "cut.json", "number.json", "none.json"} {
			s.run("plan", "-s", s.at("after"), "-t", target, "--credentials", s.at(credentials))
		}
	}
	on("zk://" + addr + root)
	for _, args := range [][]string{{"apply", "-s", s.at("before"), "--auto-approve"}, {"backup", s.at("c.tar.zst")}, {"history"}, {"diff", "zk://" + addr + root, s.at("after")}, {"restore", s.at("b.tar.zst"), "--exact", "--auto-approve"}} {
		s.run(append(args, "-t", "zk://"+addr+root, "--credentials", s.at("wrong.json"))...)
	}
	s.env["CONFO_SYNC_ZK_USER"] = "app"
	s.run("plan", "-s", s.at("after"), "-t", "zk://"+addr+root)
	s.env["CONFO_SYNC_ZK_PASSWD"] = wrong
	s.run("plan", "-s", s.at("after"), "-t", "zk://"+addr+root)
	// Servers that answer with something else: one that wants TLS, and one of HTTP.
	for _, answer := range []string{"\x15\x03\x03\x00\x02\x02\x46", "HTTP/1.1 400 Bad Request\r\n\r\n"} {
		on("zk://" + answering(t, answer) + root)
	}
	for _, u := range []string{"zk://app:" + inURL + "@" + addr + root, "zk://app:" + inURL + "@" + addr + ":x/" + url.PathEscape(root), "zk://" + inURL + "@" + addr, "ZK://app:" + inURL + "@x"} {
		for _, form := range []string{"text", "json"} {
			stdout, stderr := outputIn(t, s.env, "plan", "-s", s.at("after"), "-t", u, "-v", "--format", form)
			s.written["a URL with a password "+form+": stdout"], s.written["a URL with a password "+form+": stderr"] = stdout, stderr
			shownNowhere(t, s.written, p.secrets)
		}
	}
	shownNowhere(t, s.written, p.secrets)
}

// answering starts a server that says one thing to whoever connects.
func answering(t *testing.T, answer string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	return l.Addr().String()
}
