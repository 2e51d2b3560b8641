package source

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/journal"
)

// TestFormatLaw: however a file is written, laid out it says the same, with every
// comment; nothing is left at the ends of its lines; and laid out again it stays
// as it is.
func TestFormatLaw(t *testing.T) {
	u := unit{shown: "ns.yaml", namespace: "ns", references: References{Unresolved: true}}
	rapid.Check(t, func(t *rapid.T) {
		s := &scribe{T: t, overlay: rapid.Bool().Draw(t, "overlay"), untidy: rapid.Bool().Draw(t, "untidy")}
		if s.chance(20) {
			s.out.WriteString(rapid.SampledFrom([]string{"---\n", "---  # begins\n", "%YAML 1.1\n---\n", "\n\n# The file.\n\n\n"}).Draw(t, "head"))
		}
		for _, config := range []string{"one", "two"} {
			s.comments(0)
			names := s.names(4)
			if len(names) == 0 {
				s.out.WriteString(config + ":   { }\n")
				continue
			}
			s.out.WriteString(config + ":" + s.head())
			s.mapping(nil, names, s.step(), 3)
		}
		if s.chance(20) {
			s.out.WriteString(rapid.SampledFrom([]string{"\n\n", "   # end\n", "...\n# end\n", "# no end"}).Draw(t, "tail"))
		}
		plain := s.out.String()
		text := plain
		if s.chance(20) {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if s.chance(20) {
			text = "\uFEFF" + text
		}
		if found := u.check([]byte(text)); len(found) > 0 {
			t.Skip(found)
		}
		after, at := u.formatted([]byte(text))
		if after == nil {
			t.Fatalf("not followed from %d on:\n%s", at, text)
		}
		before, _, ok := u.drafts([]byte(text))
		now, _, okNow := u.drafts(after)
		if !ok || !okNow || !before.equal(now) {
			t.Fatalf("it says something else:\n%s\n---\n%s", text, after)
		}
		if was, is := remarksOf(plain), remarksOf(string(after)); !slices.Equal(was, is) {
			t.Fatalf("the comments are %q, were %q:\n%s\n---\n%s", is, was, text, after)
		}
		if again, _ := u.formatted(after); !bytes.Equal(after, again) {
			t.Fatalf("not the same again:\n%s\n---\n%s", after, again)
		}
		if untidy.Match(after) {
			t.Fatalf("not tidy:\n%q", after)
		}
	})
}

// untidy is what no file has in which texts have none.
var untidy = regexp.MustCompile(`[^\\][ \t\r]\n|^\n|\x{FEFF}|[^\n]$`)

// remarksOf returns the comments that a scribe wrote, in order of their texts.
func remarksOf(text string) []string {
	found := regexp.MustCompile(`# (above \d+: .*|of \d+|in \d+|then \d+|\d+|block|begins|end|no end|The file\.)`).FindAllString(text, -1)
	for i := range found {
		found[i] = strings.TrimRight(found[i], " ")
	}
	slices.Sort(found)
	return found
}

// TestWrittenIsFormatted: what is written to a tree is in the one layout.
func TestWrittenIsFormatted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := trees().Draw(t, "tree")
		parent, err := os.MkdirTemp("", "source")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(parent)
		dir := filepath.Join(parent, "config")
		if _, err := Write(dir, tree, WriteOptions{Split: rapid.Bool().Draw(t, "split")}); err != nil {
			t.Fatal(err)
		}
		files, found := Files(dir, plan.Selection{}, nil)
		if len(found) > 0 {
			t.Fatal(found)
		}
		for _, f := range files {
			done, err := f.Format()
			if err != nil || done.Warning != nil || done.Changed() {
				t.Fatalf("%v %v\n%s\n---\n%s", err, done.Warning, done.Before, done.After)
			}
		}
	})
}

// TestFormatFixtures: the trees of the documentation say the same afterwards.
func TestFormatFixtures(t *testing.T) {
	for _, name := range []string{"quickstart", "shop"} {
		from := filepath.Join("../fixtures", name)
		before, _, _ := load(t, from, LoadOptions{})
		dir := t.TempDir()
		must(t, os.CopyFS(dir, os.DirFS(from)))
		files, _ := Files(dir, plan.Selection{}, nil)
		var changed []Revised
		for _, f := range files {
			done, err := f.Format()
			must(t, err)
			if done.Warning != nil {
				t.Error(done.Warning)
			}
			if was, is := bytes.Count(done.Before, []byte("#")), bytes.Count(done.After, []byte("#")); was != is {
				t.Errorf("%s has lost a comment", f.Name())
			}
			if done.Changed() {
				changed = append(changed, done.Revised)
			}
		}
		must(t, SaveFiles(journal.Tree{Dir: dir}, changed))
		after, _, _ := load(t, dir, LoadOptions{})
		sameTree(t, before, after)
		if name == "shop" {
			continue
		}
		if len(changed) > 0 {
			t.Errorf("%s is not in the one layout: %v", name, changed[0].Patch(nil))
		}
	}
}
