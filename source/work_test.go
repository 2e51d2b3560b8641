package source

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// allocated returns how many bytes do allocates: a measure of its work that is the same
// on every machine.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// nestedMaps is a file of many mappings in brackets, each so many levels deep, with
// levels levels in all.
func nestedMaps(levels, deep int, value string) string {
	one := ": " + strings.Repeat("{a: ", deep) + value + strings.Repeat("}", deep) + "\n"
	return repeatedFields(levels/deep, one)
}

func nestedLists(levels, deep int, value string) string {
	one := ": " + strings.Repeat("[b, ", deep) + value + strings.Repeat("]", deep) + "\n"
	return repeatedFields(levels/deep, one)
}

func repeatedFields(n int, rest string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("i", i) + rest)
	}
	return b.String()
}

// pullWork returns the work of changing a file to another, in bytes.
func pullWork(t *testing.T, before, after string) uint64 {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "ns", "c.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	u := unit{namespace: "ns", config: "c", shown: "c.yaml"}
	want, _, ok := u.drafts([]byte(after))
	if !ok {
		t.Fatal("what is wanted can't be read")
	}
	wishes := []plan.Wish{{Key: plan.Key{Namespace: "ns", Config: "c"}, Value: plan.Encode(want.value())}}
	return allocated(func() {
		revision, err := Revise(context.Background(), dir, wishes, ReviseOptions{})
		if err != nil || len(revision.Files) != 1 || len(revision.Left) > 0 {
			t.Fatalf("%d files change, %v stay: %v", len(revision.Files), revision.Left, err)
		}
	})
}

// TestWorkDoesNotGrowWithDepth: values that are as large and ten times as deep are not much
// more work.
func TestWorkDoesNotGrowWithDepth(t *testing.T) {
	const levels, shallow, deep = 8000, 80, 800
	for name, nested := range map[string]func(levels, deep int, value string) string{"mappings": nestedMaps, "lists": nestedLists} {
		work := func(deep int) (pull, encrypt uint64) {
			was, is := nested(levels, deep, "was"), nested(levels, deep, "is")
			file := File{unit: unit{namespace: "ns", config: "c", shown: "c.yaml"}, data: []byte(was)}
			return pullWork(t, was, is), allocated(func() {
				if _, err := file.Encrypt(nil, plan.Sensitivity{}, func(text string) (string, error) { return text, nil }); err != nil {
					t.Fatal(err)
				}
			})
		}
		pull, encrypt := work(shallow)
		deepPull, deepEncrypt := work(deep)
		if deepPull > 2*pull {
			t.Errorf("%s: to pull, %d bytes are allocated, and %d where they are deep", name, pull, deepPull)
		}
		if deepEncrypt > 2*encrypt {
			t.Errorf("%s: to encrypt, %d bytes are allocated, and %d where they are deep", name, encrypt, deepEncrypt)
		}
	}
}

// TestChangesAreParsedOnce: after a file is changed, it is parsed once, and not again for
// each step that follows.
func TestChangesAreParsedOnce(t *testing.T) {
	u := unit{namespace: "ns", config: "c", shown: "c.yaml"}
	text := repeatedFields(300, ": was\n")
	before, _ := u.contentOf([]byte(text))
	want, _, _ := u.drafts([]byte(strings.Replace(text, "was", "is", 1)))
	parse := allocated(func() { u.contentOf([]byte(text)) })
	work := allocated(func() {
		if _, err := u.rewrite(before, want); err != nil {
			t.Fatal(err)
		}
	})
	if work > 3*parse {
		t.Errorf("to change one field, %d bytes are allocated, and to parse the file %d", work, parse)
	}
}
