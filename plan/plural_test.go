package plan

import "testing"

func TestPlural(t *testing.T) {
	for _, test := range []struct {
		n    int
		noun string
		want string
	}{
		{1, "hash", "1 hash"},
		{0, "hash", "0 hashes"},
		{2, "hash", "2 hashes"},
		{2, "batch", "2 batches"},
		{2, "address", "2 addresses"},
		{2, "box", "2 boxes"},
		{2, "entry", "2 entries"},
		{2, "history", "2 histories"},
		{2, "apply", "2 applies"},
		{2, "history entry", "2 history entries"},
		{2, "key", "2 keys"},
		{2, "znode", "2 znodes"},
		{2, "configuration", "2 configurations"},
		{2, "ACL", "2 ACLs"},
		{2, "y", "2 ys"},
	} {
		if got := Plural(test.n, test.noun); got != test.want {
			t.Errorf("Plural(%d, %q) = %q, want %q", test.n, test.noun, got, test.want)
		}
	}
}
