package source

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestHostileFiles reads files that are made to cost more than they may. What they
// take is measured as what is allocated in all, so that it does not depend on how
// fast the machine is.
func TestHostileFiles(t *testing.T) {
	repeat := strings.Repeat
	lines := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	bomb := "c:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + lines(30, func(i int) string {
		return fmt.Sprintf("  a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	})
	merges := "c:\n  a0: &a0 {x0: 1, y0: 1}\n" + lines(30, func(i int) string {
		return fmt.Sprintf("  a%d: &a%d {<<: [%s], x%d: {<<: *a%d}, y%d: {<<: *a%d}}\n", i+1, i+1, strings.TrimSuffix(repeat(fmt.Sprintf("*a%d, ", i), 10), ", "), i+1, i, i+1, i)
	})
	const deep, many, bombs, aliases = "levels", "more than 2000000 values", "aliases of this file expand it", "expand it"
	for name, c := range map[string]struct{ file, content, want string }{
		"a list of two million":      {"a.yaml", "c: {a: [" + repeat("0,", 2<<20) + "0]}\n", many},
		"two million in lines":       {"a.yaml", "c:\n  a:\n" + repeat("  - \n", 2<<20), many},
		"two million in one line":    {"a/c.yaml", repeat("- ", 2<<20) + "x\n", many},
		"two million of JSON":        {"a.json", `{"c": {"a": [` + repeat("0,", 2<<20) + "0]}}", many},
		"JSON as an overlay's":       {"a/c.json", "[" + repeat("[],", 1<<20) + "0]", many},
		"brackets":                   {"a.yaml", "c: {a: " + repeat("[", 1<<20) + repeat("]", 1<<20) + "}\n", deep},
		"brackets of JSON":           {"a.json", `{"c": ` + repeat("[", 1<<20) + repeat("]", 1<<20) + "}", deep},
		"brackets that stay open":    {"a.yaml", "c: {a: " + repeat("[", 1<<20), deep},
		"a thousand brackets":        {"a.yaml", "c: {a: " + repeat("[", 1000) + repeat("]", 1000) + "}\n", deep},
		"hyphens":                    {"a.yaml", "c:\n  " + repeat("- ", 20_000) + "x\n", deep},
		"indented keys":              {"a.yaml", "c:\n" + lines(3000, func(i int) string { return repeat(" ", i+1) + "a:\n" }), deep},
		"an alias bomb":              {"a.yaml", bomb, bombs},
		"an alias bomb in a file":    {"a/c.yaml", bomb, bombs},
		"a bomb of merges":           {"a.yaml", merges, aliases},
		"an alias of itself":         {"a.yaml", "c: &c {a: *c}\n", "that contains the alias"},
		"errors in one line":         {"a.yaml", "c: {a: [" + repeat("!!binary x,", 1<<17) + "]}\n", "130072 more errors begin here"},
		"errors in many lines":       {"a.yaml", "c:\n" + repeat("  ? a\n", 1<<17), "130071 more errors begin here"},
		"one line of configurations": {"a.json", "{" + lines(100_000, func(i int) string { return fmt.Sprintf(`"c%d":{"a":NaN},`, i) }) + `"c":{}}`, "99000 more warnings begin here"},
		"a long tag":                 {"a.yaml", "c: " + repeat("!", 1<<20) + "\n", "tag"},
		"a long key":                 {"a.yaml", "? " + repeat("k", 1<<20) + "\n: {}\n", ""},
		"comments":                   {"a.yaml", "c:\n  a: 1\n" + repeat("#\n", 1<<20) + "  b: 1\n", ""},
		"anchors":                    {"a.yaml", "c: {a: [" + repeat("&a 0,", 1<<17) + "0]}\n", ""},
		"quotes":                     {"a.yaml", "c: {a: '" + repeat("''", 2<<20) + "'}\n", ""},
		"a long number":              {"a.yaml", "c: {a: " + repeat("9", 1<<20) + "}\n", "more than 4300 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.file, c.content)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, found, err := Load(t.Context(), dir, LoadOptions{})
			runtime.ReadMemStats(&after)
			must(t, err)
			said := strings.Join(append(brief(dir, found.Errors), brief(dir, found.Warnings)...), "\n")
			if !strings.Contains(said, c.want) || c.want == "" && len(found.Errors) > 0 {
				t.Errorf("it says %.300s, not %s", said, c.want)
			}
			if n := len(found.Errors); n > maxFindings+1 {
				t.Errorf("it says %d errors", n)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 400 {
				t.Errorf("%d KiB took %d MiB", len(c.content)>>10, used)
			}
		})
	}
}

// TestLargeFile: a file that is too large is not read, whatever it is; where it is
// only sparse it takes no room here either.
func TestLargeFile(t *testing.T) {
	for _, name := range []string{"a.yaml", "a.json", "a/c.yaml", "a/c.json"} {
		dir := folder(t, "b.yaml", "c: {}\n", name, "")
		must(t, os.Truncate(filepath.Join(dir, name), 100<<20))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, errors, _ := load(t, dir, LoadOptions{})
		_, files := Files(dir, LoadOptions{}.Selection, nil)
		runtime.ReadMemStats(&after)
		if len(errors) != 1 || !strings.HasPrefix(errors[0], name+": this file is larger than 64 MiB") || len(files) != 1 {
			t.Errorf("%s: %v, %v", name, errors, files)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 1 {
			t.Errorf("%s: it took %d MiB", name, used)
		}
		_, found, err := Load(t.Context(), folder(t, "b.yaml", "c: {}\n"), LoadOptions{Overlays: []Overlay{{Dir: dir}}})
		must(t, err)
		if len(found.Errors) != 1 {
			t.Errorf("%s in an overlay: %v", name, found.Errors)
		}
	}
	// A large one is read.
	if _, errors, _ := load(t, folder(t, "a.yaml", "c:\n  a: "+strings.Repeat("x", 4<<20)+"\n"), LoadOptions{}); len(errors) > 0 {
		t.Errorf("of 4 MiB: %v", errors)
	}
}
