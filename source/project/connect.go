package project

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// mayHoldPassword reports whether a line may contain a password and should not be
// shown.
func mayHoldPassword(line string) bool {
	if sensitive.HoldsUserinfo(line) {
		return true
	}
	line = strings.ToLower(line)
	return slices.ContainsFunc([]string{"pass", "pwd", "credential"}, func(word string) bool { return strings.Contains(line, word) })
}

// credentials reads one or several dictionaries of credentials, or their paths.
func (r *reader) credentials(n *yaml.Node, to *[]Credentials) {
	all := []*yaml.Node{n}
	if n.Kind != yaml.MappingNode {
		all = r.items(n)
	}
	for _, item := range all {
		for item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		c := Credentials{Position: r.position(item)}
		if item.Kind == yaml.MappingNode {
			r.dictionary(item, &c)
		} else {
			r.path(item, &c.Path)
		}
		*to = append(*to, c)
	}
}

// dictionary reads a dictionary of credentials in the project file.
func (r *reader) dictionary(n *yaml.Node, c *Credentials) {
	r.hidden = true
	defer func() { r.hidden = false }()
	c.Values = map[string]Credential{}
	fields := map[string]func(*yaml.Node){}
	for _, key := range CredentialKeys {
		fields[key] = func(n *yaml.Node) { r.credential(n, key, c) }
	}
	before := len(r.findings)
	r.mapping(n, "a credentials dictionary", fields)
	_, user := c.Values["zookeeper_user"]
	_, password := c.Values["zookeeper_passwd"]
	_, host := c.Values["zookeeper_host"]
	_, port := c.Values["zookeeper_port"]
	switch {
	case len(r.findings) > before:
	case user != password:
		r.fail(n, "zookeeper_user and zookeeper_passwd must be used together", "give both or neither")
	case host != port:
		r.fail(n, "zookeeper_host and zookeeper_port must be used together", "give both or neither")
	case len(c.Values) == 0:
		r.fail(n, "the credentials dictionary is empty", "write {zookeeper_user: NAME, zookeeper_passwd: !env VARIABLE}")
	}
}

func (r *reader) credential(n *yaml.Node, key string, c *Credentials) {
	v := Credential{Text: n.Value, Position: r.position(n)}
	if n.Style&yaml.TaggedStyle != 0 && !strings.HasPrefix(n.Tag, "!!") {
		v.Tag = n.Tag
	}
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "":
		r.fail(n, key+" must be a text or a reference to a text", "write "+key+": !env VARIABLE, or the text after the colon")
		return
	case v.Tag != "" && v.Tag != "!env" && v.Tag != "!file" && v.Tag != "!age":
		r.fail(n, fmt.Sprintf("%s has an unknown tag %s", key, plan.Printable(v.Tag)), "use a reference: !env VARIABLE, !file PATH or !age")
		return
	case v.Tag == "" && key == "zookeeper_passwd":
		r.fail(n, "a password can't be written in the project file, because everybody can read the file",
			"refer to it: zookeeper_passwd: !env VARIABLE, !file PATH (a file that is not in git) or !age with the encrypted password")
		return
	case v.Tag == "" && key == "zookeeper_user" && strings.Contains(n.Value, ":"):
		r.fail(n, "zookeeper_user must be a name without a colon", "put a reference to the password into zookeeper_passwd")
		return
	}
	c.Values[key] = v
}

// tls reads the TLS settings. Their presence turns on TLS.
func (r *reader) tls(n *yaml.Node, to **TLS) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "tls must be a mapping", "write tls: {ca: FILE}, or tls: {} for the authorities that the system trusts")
		return
	}
	var t TLS
	r.mapping(n, "tls", map[string]func(*yaml.Node){
		"ca":          func(n *yaml.Node) { r.path(n, &t.CA) },
		"cert":        func(n *yaml.Node) { r.path(n, &t.Cert) },
		"key":         func(n *yaml.Node) { r.path(n, &t.Key) },
		"server_name": func(n *yaml.Node) { r.text(n, &t.ServerName) },
	})
	if has(n, "cert") != has(n, "key") {
		r.fail(n, "a client certificate and its key must be used together", "give both cert and key, or neither")
	}
	*to = &t
}

// The limits for the size of a ZooKeeper request, in bytes.
const (
	LeastRequest = 64 << 10
	MostRequest  = 256 << 20
)

// maxRequest reads the maximum size of a ZooKeeper request.
func (r *reader) maxRequest(n *yaml.Node, to *int) {
	bytes, err := strconv.Atoi(n.Value)
	if err != nil || n.Tag != "!!int" || bytes < LeastRequest || bytes > MostRequest {
		r.fail(n, fmt.Sprintf("max_request must be a number of bytes from %d to %d", LeastRequest, MostRequest),
			"write the jute.maxbuffer of the servers, as in max_request: 4194304")
		return
	}
	*to = bytes
}
