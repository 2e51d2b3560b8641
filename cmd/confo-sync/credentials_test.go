package main

import (
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// A dictionary names the servers that kazoo would connect to for it: Confo hands it the
// host, a colon and the port.
func TestDictionaryHosts(t *testing.T) {
	for _, test := range []struct{ host, want, wrong string }{
		{host: "zk1", want: "zk1:2182"},
		{host: "zk1:2181,zk2:2181,zk3", want: "zk1:2181,zk2:2181,zk3:2182"},
		{host: "zk1,zk2,zk3", want: "zk1:2181,zk2:2181,zk3:2182"},
		{host: "zk1:3000, zk2", want: "zk1:3000,zk2:2182"},
		{host: "10.0.0.1:2181,10.0.0.2", want: "10.0.0.1:2181,10.0.0.2:2182"},
		{host: "::1", want: "[::1]:2182"},
		{host: "[::1]:2181,[::2],[::3]", want: "[::1]:2181,[::2]:2181,[::3]:2182"},
		{host: "zk1,", wrong: "empty entry"},
		{host: ",zk1", wrong: "empty entry"},
		{host: "zk1,,zk2", wrong: "empty entry"},
		{host: "zk1:2181", wrong: "ends with a port"},
		{host: "zk1:2181,zk2:2181", wrong: "ends with a port"},
		{host: "zk1,user@zk2", wrong: "must be the name of a host"},
		{host: "zk1,zk2/chroot", wrong: "must be the name of a host"},
		{host: "zk1 zk2", wrong: "must be the name of a host"},
	} {
		n, err := plan.Decode([]byte(`{"zookeeper_host": "` + test.host + `", "zookeeper_port": "2182"}`))
		if err != nil {
			t.Fatal(err)
		}
		d, err := readDictionary(n)
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%s: got %v, want that it says %q", test.host, err, test.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.host, err)
			continue
		}
		u, err := target.Parse(d.url())
		if err != nil {
			t.Errorf("%s: %v", d.url(), err)
			continue
		}
		if got := strings.Join(u.Hosts, ","); got != test.want {
			t.Errorf("%s is %s, want %s", test.host, got, test.want)
		}
	}
}

// Whoever applies has a name, also a user whom the machine does not know.
func TestUserName(t *testing.T) {
	for _, test := range []struct {
		known    string
		id       int
		variable string
		want     string
	}{
		{"ann", 1000, "USER=other", "ann"},
		{"", 1000, "USER=ann", "ann"},
		{"", 1000, "LOGNAME=ann", "ann"},
		{"", 1000, "", "uid 1000"},
		{"", 0, "", "uid 0"},
		{"", -1, "USERNAME=ann", "ann"},
		{"", -1, "", "unknown"},
	} {
		env := func(name string) string {
			value, _ := strings.CutPrefix(test.variable, name+"=")
			if value == test.variable {
				return ""
			}
			return value
		}
		if got := userName(test.known, test.id, env); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}
