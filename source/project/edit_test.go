package project

import "testing"

// TestAddACL adds access lists where they belong, and leaves the rest of the file alone.
func TestAddACL(t *testing.T) {
	lines := []ACLLine{{"a/**", []string{"digest:ops:cdrwa", "world:anyone:r"}}, {"a/x", []string{"world:anyone:cdrwa"}}}
	const written = `"a/**": ["digest:ops:cdrwa", "world:anyone:r"]`
	for _, c := range []struct{ name, before, after string }{
		{"the last environment", "environments:\n  dev: {target: file:x}\n  prod:\n    target: zk://h # here\n\n# the end\n",
			"environments:\n  dev: {target: file:x}\n  prod:\n    target: zk://h # here\n    acl:\n      " + written + "\n      \"a/x\": [\"world:anyone:cdrwa\"]\n\n# the end\n"},
		{"one in the middle", "environments:\n    prod:\n        target: zk://h\n        users:\n            me: !age |\n                abc\n\n                def\n    # and\n    dev:\n        target: file:x\nsource: config\n",
			"environments:\n    prod:\n        target: zk://h\n        users:\n            me: !age |\n                abc\n\n                def\n        acl:\n          " + written + "\n          \"a/x\": [\"world:anyone:cdrwa\"]\n    # and\n    dev:\n        target: file:x\nsource: config\n"},
		{"after what there is", "environments:\n  prod:\n    acl:\n      # all\n      \"**\": [\"world:anyone:r\"]\n    target: zk://h",
			"environments:\n  prod:\n    acl:\n      # all\n      \"**\": [\"world:anyone:r\"]\n      " + written + "\n      \"a/x\": [\"world:anyone:cdrwa\"]\n    target: zk://h"},
		{"without a line feed at the end", "environments:\n  prod:\n    target: zk://h", "environments:\n  prod:\n    target: zk://h\n    acl:\n      " + written + "\n      \"a/x\": [\"world:anyone:cdrwa\"]\n"},
	} {
		got, err := AddACL([]byte(c.before), "prod", lines)
		if err != nil || string(got) != c.after {
			t.Errorf("%s: %v\n%s\nnot\n%s", c.name, err, got, c.after)
		}
	}
	for _, c := range []string{"environments: {prod: {target: zk://h}}\n", "environments:\n  prod:\n    target: zk://h\n    acl: {a: [\"world:anyone:r\"]}\n", "environments:\n  dev:\n    target: zk://h\n", ""} {
		if got, err := AddACL([]byte(c), "prod", lines); err == nil {
			t.Errorf("%q became %q", c, got)
		}
	}
}
