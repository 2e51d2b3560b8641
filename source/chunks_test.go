package source

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// sameAsWhole compares what chunks of a file give with what the whole gives.
func sameAsWhole(t interface {
	Fatalf(string, ...any)
	Helper()
}, text string, size int) (cut bool) {
	t.Helper()
	u := unit{shown: "a.yaml", namespace: "a"}
	parts, ok := u.parseChunks(context.Background(), newWorkers(), []byte(text), size)
	if !ok {
		return false
	}
	whole := u.parseWhole([]byte(text))
	if diff := cmp.Diff(whole.findings, parts.findings); diff != "" {
		t.Fatalf("what is said of the whole (-) and in chunks of %d (+) of\n%s\n%s", size, text, diff)
	}
	if len(parts.configs) != len(whole.configs) {
		t.Fatalf("%d configurations in chunks of %d, %d in the whole of\n%s", len(parts.configs), size, len(whole.configs), text)
	}
	for i, want := range whole.configs {
		if got := parts.configs[i]; got.Name != want.Name || got.Position != want.Position || string(got.Value.Reveal()) != string(want.Value.Reveal()) {
			t.Fatalf("%s at %s is %s; in the whole, %s at %s is %s", got.Name, got.Position, got.Value.Reveal(), want.Name, want.Position, want.Value.Reveal())
		}
		if diff := cmp.Diff(sensitivePaths(want.Value), sensitivePaths(parts.configs[i].Value)); diff != "" {
			t.Fatalf("what is sensitive in the whole (-) and in chunks of %d (+) of\n%s\n%s", size, text, diff)
		}
	}
	return true
}

// pieces are what a file may be made of; some break what is around them.
var pieces = []string{
	"%s: {a: 1}\n", "%s:\n  x: 1\n  y: text\n", "%s:\n- 1\n- {b: 2}\n", "%s:\n  t: |\n    line\n\n    k: v\n", "%s: {a: [1,\n  2]}\n",
	"# a comment\n%s: {}\n", "\n\n%s: []\n", "%s:\n  q: \"one\n  two\"\n", "%s: {q: \"one\nkey: two\"}\n", "%s: {f: [1,\nkey: 2]}\n",
	"'%s': {u: 'a?b=1&c=2'}\n", "\"%s\": {p: 5 * 3}\n", "%s: &anchor {a: 1}\n", "%s: *anchor\n", "? %s\n: {a: 1}\n", "%s: 5\n", "%s: {a: 1, a: 2}\n",
	"---\n%s: {}\n", "%s: {n: 0755}\n", "%s:\n  m: >\n    folded\n     more\n   \n", "%s: {a: 1} # é ü\n", "é%s: {}\n", "%s:\n    deep:\n        deeper: [a,\n           b]\n",
}

func TestChunksAreTheWhole(t *testing.T) {
	cuts := 0
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		nasty := rapid.Bool().Draw(t, "nasty")
		for i := range rapid.IntRange(1, 12).Draw(t, "pieces") {
			piece := rapid.SampledFrom(pieces).Draw(t, "piece")
			if !nasty {
				piece = rapid.SampledFrom(pieces[:8]).Draw(t, "piece")
			}
			if rapid.IntRange(0, 40).Draw(t, "again") == 0 {
				i = 0
			}
			fmt.Fprintf(&text, piece, fmt.Sprintf("k%d", i))
		}
		if sameAsWhole(t, text.String(), rapid.IntRange(1, 60).Draw(t, "size")) {
			cuts++
		}
	})
	if cuts == 0 {
		t.Error("no file was cut")
	}
}

func FuzzChunks(f *testing.F) {
	for _, piece := range pieces {
		f.Add(fmt.Sprintf(piece, "a")+fmt.Sprintf(piece, "b"), 5)
	}
	f.Fuzz(func(t *testing.T, text string, size int) { sameAsWhole(t, text, max(1, size)) })
}

// bulk is a large namespace file.
func bulk(configs int) []byte {
	var b strings.Builder
	for i := range configs {
		fmt.Fprintf(&b, "c%07d:\n  host: db%d.example.com\n  port: %d\n  vendor: postgres\n  pool: %d\n  note: %s\n", i, i, i%60000+1024, i%100, strings.Repeat("n", 190))
	}
	return []byte(b.String())
}

// BenchmarkParse measures one large file against yaml.v3 parsing as many small
// ones on all cores.
func BenchmarkParse(b *testing.B) {
	data := bulk(20_000)
	b.Run("floor", func(b *testing.B) {
		parts := cut(data, chunkSize)
		b.ReportAllocs()
		for b.Loop() {
			var wait sync.WaitGroup
			for core := range runtime.GOMAXPROCS(0) {
				wait.Go(func() {
					for i := core; i < len(parts); i += runtime.GOMAXPROCS(0) {
						var n yaml.Node
						if err := yaml.Unmarshal(parts[i], &n); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wait.Wait()
		}
	})
	b.Run("chunks", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got := (unit{shown: "a.yaml", namespace: "a"}).parse(b.Context(), newWorkers(), data); len(got.configs) != 20_000 {
				b.Fatal(len(got.configs))
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got := (unit{shown: "a.yaml", namespace: "a"}).parseWhole(data); len(got.configs) != 20_000 {
				b.Fatal(len(got.configs))
			}
		}
	})
}
