package target_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/target"
)

func TestParse(t *testing.T) {
	zk := func(root string, hosts ...string) target.URL {
		return target.URL{Scheme: "zk", Hosts: hosts, Root: root}
	}
	file := func(path string) target.URL { return target.URL{Scheme: "file", Path: path} }
	tests := []struct {
		url    string
		want   target.URL
		string string // when it is not url
	}{
		{"zk://zk1", zk("/confo", "zk1:2181"), "zk://zk1:2181/confo"},
		{"zk://zk1/", zk("/confo", "zk1:2181"), "zk://zk1:2181/confo"},
		{"zk://zk1:2181/confo", zk("/confo", "zk1:2181"), ""},
		{"zk://zk1:02181/confo", zk("/confo", "zk1:2181"), "zk://zk1:2181/confo"},
		{"zk://zk1,zk2:2182,zk3", zk("/confo", "zk1:2181", "zk2:2182", "zk3:2181"), "zk://zk1:2181,zk2:2182,zk3:2181/confo"},
		{"zk://10.0.0.1/apps/confo/", zk("/apps/confo", "10.0.0.1:2181"), "zk://10.0.0.1:2181/apps/confo"},
		{"zk://[::1]", zk("/confo", "[::1]:2181"), "zk://[::1]:2181/confo"},
		{"zk://[fe80::1%eth0]:2182,zk2/c", zk("/c", "[fe80::1%eth0]:2182", "zk2:2181"), "zk://[fe80::1%eth0]:2182,zk2:2181/c"},
		{"zk://zk1:2181/données", zk("/données", "zk1:2181"), ""},
		{"zk://zk1:2181/zookeeper-confo", zk("/zookeeper-confo", "zk1:2181"), ""},
		{"zks://zk1", target.URL{Scheme: "zk", Hosts: []string{"zk1:2181"}, Root: "/confo", TLS: true}, "zks://zk1:2181/confo"},

		{"file:.confo/dev", file(".confo/dev"), ""},
		{"file:/etc/confo", file("/etc/confo"), ""},
		{"file:///etc/confo", file("/etc/confo"), "file:/etc/confo"},
		{"file:////etc", file("/etc"), "file:/etc"},
		{"file:dir/", file("dir/"), ""},
		{"file:./~/x", file("./~/x"), ""},
		{"file:a b@c?d#e:f", file("a b@c?d#e:f"), ""},
	}
	for _, test := range tests {
		got, err := target.Parse(test.url)
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.url, d)
		}
		if test.string == "" {
			test.string = test.url
		}
		if got.String() != test.string {
			t.Errorf("%s is written %s, want %s", test.url, got, test.string)
		}
		if !target.IsURL(test.url) {
			t.Errorf("%s is no URL", test.url)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for url, words := range map[string]string{
		"":                          "no scheme",
		"confo":                     "no scheme",
		"localhost:2181":            `it has no scheme: a ZooKeeper is zk://localhost:2181`,
		"http://zk1":                `the scheme "http" is unknown`,
		"ZK://zk1":                  `the scheme "ZK" is unknown`,
		"file:":                     "names no folder",
		"file://etc/confo":          "without //",
		"file://":                   "without //",
		"file:a\x00b":               "NUL",
		"zk:":                       "two slashes",
		"zk:zk1":                    "two slashes",
		"zks:zk1":                   "zks: must be followed by two slashes",
		"zks://u:p@zk1":             "a URL can't have a user or password",
		"zk:/zk1":                   "two slashes",
		"zk://":                     "a host's name is empty",
		"zk://a/confo,b/confo":      "write the root once after the last host",
		"zk://a:2181/confo,b:2181":  "write the root once after the last host",
		"file:~/x":                  "~ is not expanded here",
		"file:~":                    "~ is not expanded here",
		"file:~me/x":                "~ is not expanded here",
		"zk:///confo":               "a host's name is empty",
		"zk://zk1,,zk2":             "a host's name is empty",
		"zk://zk1,":                 "a host's name is empty",
		"zk://:2181":                "a port but no host",
		"zk://zk1:":                 "is not a port",
		"zk://zk1:0":                "is not a port",
		"zk://zk1:65536":            "is not a port",
		"zk://zk1:+80":              "is not a port",
		"zk://zk1:zk":               "is not a port",
		"zk://::1":                  "in brackets",
		"zk://::1:2181":             "in brackets",
		"zk://[::1":                 "not an IPv6 address",
		"zk://[10.0.0.1]":           "not an IPv6 address",
		"zk://[zk1]:2181":           "not an IPv6 address",
		"zk://[::1]2181":            "only :port",
		"zk://zk1 zk2":              "not a host name",
		"zk://zk1\n":                "not a host name",
		"zk://zk1\x1b[31m":          "not a host name",
		"zk://zk1/confo//x":         "empty part",
		"zk://zk1//":                "empty part",
		"zk://zk1//confo":           "empty part",
		"zk://zk1/confo/../x":       `"." or ".."`,
		"zk://zk1/.":                `"." or ".."`,
		"zk://zk1/..":               `"." or ".."`,
		"zk://zk1/con\u200bfo":      "an invisible character",
		"zk://zk1/con\xfffo":        "an invisible character",
		"zk://zk1/zookeeper":        "belongs to the server",
		"zk://zk1/zookeeper/config": "belongs to the server",
		"zk://zk1?timeout=3":        "can't have options",
		"zk://zk1/confo#x":          "can't have options",
	} {
		u, err := target.Parse(url)
		if err == nil {
			t.Errorf("%q is taken for %+v", url, u)
			continue
		}
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v; want %q in it", url, err, words)
		}
		if strings.ContainsAny(err.Error(), "\n\x1b\x00\u200b") {
			t.Errorf("%q reaches the terminal as it is", err)
		}
		var hinted *target.Hinted
		if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "zk://host") {
			t.Errorf("%q has no hint", url)
		}
	}
}

// A URL holds no password, and one that does is not repeated in the error.
func TestParseKeepsPasswordsToItself(t *testing.T) {
	for _, url := range []string{
		"zk://user:hunter2@zk1:2181/confo",
		"zk://hunter2@zk1",
		"zk://a:hunter2@zk1,b:hunter2@zk2",
		"zk://user:hunter2?x@zk1",
		"zk://user:x#hunter2@zk1",
		"zk://user:x/hunter2@zk1",
		"zk://user:x@hunter2@zk1",
		"zk://zk1/confo?password=hunter2",
		"zk://zk1/confo?password=x@hunter2",
		"zk://zk1?hunter2",
		"zk://zk1#hunter2",
		"zk:user:hunter2@zk1",
		"zk:/user:hunter2@zk1",
		"user:hunter2@zk1:2181/confo",
		"hunter2@zk1:2181/confo",
		"hunter2:x@zk1",
		"zookeeper://user:hunter2@zk1",
		"zookeeper://zk1?hunter2",
		"x@y://hunter2",
	} {
		_, err := target.Parse(url)
		if err == nil {
			t.Errorf("%s is taken", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s is repeated: %v", url, err)
		}
	}
}

func TestIsURL(t *testing.T) {
	for s, want := range map[string]bool{
		"file:x": true, "zk://zk1": true, "zk:": true, "config": false, "./file:x": false, "git:main": false, "": false,
	} {
		if got := target.IsURL(s); got != want {
			t.Errorf("%q is a URL: %v", s, got)
		}
	}
}

// What was parsed is written so that it parses to the same.
func FuzzParse(f *testing.F) {
	for _, url := range []string{
		"file:a", "file:///a", "file:////", "zk://h", "zk://h:1,[::1]/r/", "zk://[::1%x]:02", "zk://h//", "zk://a:b@c?d",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := target.Parse(s)
		if err != nil {
			return
		}
		again, err := target.Parse(u.String())
		if err != nil {
			t.Fatalf("%q is written %q, which is refused: %v", s, u, err)
		}
		if d := cmp.Diff(u, again); d != "" {
			t.Fatalf("%q is written %q, which is something else (-want +got):\n%s", s, u, d)
		}
	})
}
