package target

import "testing"

// TestSameTarget: a target is the same however it is written.
func TestSameTarget(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"zk://zk1", "zk://zk1:2181/confo", true},
		{"zk://zk1", "zk://ZK1./", true},
		{"zk://zk1/confo", "zk://zk1/confo/", true},
		{"zk://zk1,zk2", "zk://zk2,zk1", true},
		{"zk://zk1,zk2", "zk://zk2", true},
		{"zk://zk1", "zks://zk1", true},
		{"zk://localhost", "zk://127.0.0.1", true},
		{"zk://localhost", "zk://[::1]:2181", true},
		{"zk://LOCALHOST", "zk://127.0.0.2", true},
		{"zk://localhost.localdomain", "zk://[::ffff:127.0.0.1]", true},
		{"zk://0.0.0.0", "zk://localhost", true},
		{"zk://[2001:db8:0:0::1]", "zk://[2001:DB8::1]", true},
		{"file:live", "file:./x/../live/", true},

		{"zk://zk1", "zk://zk1:2182", false},
		{"zk://localhost:2181", "zk://127.0.0.1:2182", false},
		{"zk://zk1/a", "zk://zk1/b", false},
		{"zk://zk1", "zk://zk2", false},
		{"zk://10.0.0.1", "zk://localhost", false},
		{"zk://live", "file:live", false},
	} {
		a, err := Parse(test.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(test.b)
		if err != nil {
			t.Fatal(err)
		}
		if a.IsSame(b) != test.same || b.IsSame(a) != test.same {
			t.Errorf("%s and %s: %v", test.a, test.b, a.IsSame(b))
		}
	}
}
