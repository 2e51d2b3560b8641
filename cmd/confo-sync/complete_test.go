package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestCompletionOfStrangers: a TAB in a repository that a stranger wrote connects to no
// server that its project file names, whatever credentials there are. It does to a server
// on the command line or in a variable.
func TestCompletionOfStrangers(t *testing.T) {
	for _, c := range []struct {
		project string   // what the environment says, with its %s for the server
		words   string   // with its %s for the server
		environ []string // the same
		want    bool     // whether there is a connection
	}{
		{"target: 'zk://%s/confo'", "plan -n ", nil, false},
		{"target: 'zk://%s/confo'", "plan -e dev -n ", nil, false},
		{"target: 'zk://%s/confo'", "plan -s config -n ", nil, false},
		{"target: 'zk://%s/confo'", "rollback ", nil, false},
		{"target: 'zk://%s/confo'", "history show ", nil, false},
		{"target: 'zk://%s/confo'", "rollback -e dev ", []string{envTarget + "=zk://%s/confo"}, false},
		{"target: 'zk://%s/confo'", "rollback --credentials mine.json ", nil, false},
		{"{target: 'zk://%s/confo', credentials: {zookeeper_user: a, zookeeper_passwd: !env HOME}, allow_env: [HOME]}", "plan -n ", nil, false},
		{"credentials: {zookeeper_host: HOST, zookeeper_port: PORT}", "plan -n ", nil, false},
		{"target: 'zk://%s/confo'", "plan -t zk://%s/confo -n ", nil, true},
		{"target: 'zk://%s/confo'", "rollback -t zk://%s/other ", nil, true},
		{"target: 'zk://%s/confo'", "rollback ", []string{envTarget + "=zk://%s/confo"}, true},
	} {
		t.Run(c.project+" "+c.words, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var connections atomic.Int32
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					connections.Add(1)
					conn.Close()
				}
			}()
			server := l.Addr().String()
			host, port, _ := net.SplitHostPort(server)
			at := func(text string) string {
				return strings.NewReplacer("%s", server, "HOST", host, "PORT", `"`+port+`"`).Replace(text)
			}
			dir := t.TempDir()
			for name, text := range map[string]string{
				"confo-sync.yaml":  "source: config\nenvironments:\n  dev:\n    " + at(c.project) + "\n",
				"config/shop.yaml": "database: {port: 1}\n",
				"mine.json":        `{"zookeeper_user": "a", "zookeeper_passwd": "b"}`,
			} {
				put(t, filepath.Join(dir, name), text)
			}
			environ := []string{envUser + "=me", envPasswd + "=secret", "HOME=" + dir}
			for _, entry := range c.environ {
				environ = append(environ, at(entry))
			}
			t.Chdir(dir)
			completed(t, environ, strings.Split(at(c.words), " ")...)
			l.Close()
			<-done
			if got := connections.Load() > 0; got != c.want {
				t.Errorf("a connection: %t, not %t", got, c.want)
			}
		})
	}
}

// TestCompletionIsSafe: no word is a flag or has characters that a terminal obeys, and no
// description has them.
func TestCompletionIsSafe(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, "confo-sync.yaml", `source: config
environments:
  --auto-approve: {target: "file:a"}
  plain: {target: "file:\e]0;title\a\u202e\u009b31m"}
`)
	put(t, "config/shop.yaml", "database: {port: 1}\n")
	for _, name := range []string{"--auto-approve", "-y", "e\x1b[31m", "e\u202er", "good"} {
		put(t, filepath.Join("live", name, "c.json"), "{}")
	}
	for words, want := range map[string]string{
		"plan -t file:live -n ":      "good shop",
		"history -t file:live ":      "prune good/ shop/",
		"restore x -t file:live ":    "good/ shop/",
		"plan -e ":                   "plain",
		"diff env:":                  "env:--auto-approve env:plain",
		"plan --exclude=":            "--exclude=shop/",
		"plan -t file:live -n --aut": "",
	} {
		output := completed(t, nil, strings.Split(words, " ")...)
		var got []string
		for line := range strings.Lines(output) {
			word, _, described := strings.Cut(line, "\t")
			if described {
				got = append(got, word)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s| gives %q, not %q", words, text, want)
		}
		if at := strings.IndexFunc(output, func(r rune) bool { return r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f) }); at >= 0 {
			t.Errorf("%s| prints %q", words, output)
		}
	}
}

// TestCompletionChangesNothing: a TAB does not finish or undo what an interrupted command
// left.
func TestCompletionChangesNothing(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"config/a.yaml": "c: {x: 1}\n", "config/b.yaml": "c: {x: 1}\n",
		"live/a/c.json": `{"x": 2}`, "live/b/c.json": `{"x": 2}`,
	} {
		put(t, filepath.Join(dir, name), text)
	}
	for steps := 1; ; steps++ {
		output, wasKilled := program(t, dir, steps, "pull", "-s", "config", "-t", "file:live")
		if !wasKilled {
			if steps < 8 {
				t.Fatalf("pull ended after %d steps: %s", steps, output)
			}
			return
		}
		before := listing(t, dir)
		program(t, dir, 0, "complete", "--", "-s", "config", "-t", "file:live", "-n", "")
		if after := listing(t, dir); after != before {
			t.Fatalf("after %d steps a completion changed\n%s\nto\n%s", steps, before, after)
		}
		program(t, dir, 0, "validate", "-s", "config")
		for _, name := range []string{"a", "b"} {
			put(t, filepath.Join(dir, "config", name+".yaml"), "c: {x: 1}\n")
		}
	}
}

// completed returns what a completion prints.
func completed(t *testing.T, environ []string, words ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"complete", "--"}, words...), environ, strings.NewReader(""), &out, &errs); code != 0 || errs.Len() > 0 {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	return out.String()
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// listing names all files below a folder, with what they hold.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			fmt.Fprintln(&b, path)
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %q\n", path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
