//go:build unix

package file

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
)

func TestJournalsThatCantBeRead(t *testing.T) {
	for journal, word := range map[string]string{
		`{"version": 1}`: "version 1",
		`{"version": 4}`: "version 4",
		`{"vers`:         "unexpected end",
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "fly", "path": "a"}]}`:                                    `"fly"`,
		`{"version": 2, "staging": "../staging-1"}`:                                                                        `"../staging-1"`,
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "remove", "path": "/etc/passwd"}]}`:                       `"/etc/passwd"`,
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "rmdir", "path": "shop/../../x"}]}`:                       `"shop/../../x"`,
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "keep", "path": "a/b"}]}`:                                 `"a/b"`,
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "write", "path": "a", "staged": "../../x"}]}`:             `"../../x"`,
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "write", "path": "a", "staged": "0", "mode": "u+rwx"}]}`:  `"u+rwx"`,
		`{"version": 2, "staging": "staging-1", "steps": [{"op": "write", "path": "shop/limits.json", "staged": "gone"}]}`: "staging-1",
	} {
		root := plant(t, crashBefore)
		must(t, os.Mkdir(root+".confo-sync", 0o700))
		must(t, os.WriteFile(root+".confo-sync/journal.json", []byte(journal), 0o600))
		_, err := finish(t, open(t, root))
		fails(t, err, word)
		fails(t, open(t, root).Apply(t.Context(), []plan.Change{create("last", "", "")}), word)
		if d := cmp.Diff(crashBefore, grown(t, root)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// The journal lies on the disk for as long as nobody comes: what configurations
// hold is not in it.
func TestJournalHoldsNoValues(t *testing.T) {
	root := plant(t, tree{"shop/a.json": `{"password": "hunter1"}`})
	changes := change(t, open(t, root), update("shop", "a", `{"password": "hunter2"}`))
	for steps := 0; applyUntil(t, root, changes, steps) != "committed"; steps++ {
	}
	data, err := os.ReadFile(root + ".confo-sync/journal.json")
	must(t, err)
	if !strings.Contains(string(data), "shop/a.json") || strings.Contains(string(data), "hunter") {
		t.Errorf("the journal is %s", data)
	}
}

func TestPathsInJournals(t *testing.T) {
	for _, p := range []path{".", "a/b.json", "a b/%2F.json", "\xff/\x00\n", "*", "/abs/olute", "a?b#c", `"\`} {
		text, err := p.MarshalText()
		must(t, err)
		var back path
		must(t, back.UnmarshalText(text))
		if back != p {
			t.Errorf("%q came back as %q", p, back)
		}
	}
	if pathOf("/root", "/root/a/b") != "a/b" || pathOf("/root", "/root") != "." {
		t.Error("paths are not relative to the root")
	}
}
