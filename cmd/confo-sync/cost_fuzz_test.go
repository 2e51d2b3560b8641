package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// yamlShapes are what begins each level of a configuration, what ends it, and what is inside
// again and again; without a beginning, the lines of a namespace's file, or of the one
// configuration in it if they begin with a blank. %k is a number of its own for each element,
// and %d another one in every version of the file.
var yamlShapes = []struct {
	begin, end, element string
	depth               uint16
	size                uint32
}{
	{"", "", "c%k: {a: %d}\n", 0, 1 << 10},
	{"", "", "  f%k:\n  - name: n%k\n    value: %d # note\n  - [%d, {}]\n", 0, 8 << 10},
	{"{k: ", "}", "%d", 100, 8 << 10},
	{"[", "]", "{name: n%k, v: [%d]}", 100, 8 << 10},
	{"{k: [", "]}", "{password: x%d}", 40, 8 << 10},
}

// costlyCommands are run one after the other on a tree whose environments have other values
// at their targets and in their overlays.
var costlyCommands = []string{
	"render -e dev --origin",
	"diff file:other file:dev --format json",
	"diff file:other file:dev --format html",
	"pull -e other --dry-run",
	"promote other dev --write --dry-run",
	"fmt --diff",
	"pull -e other",
	"fmt",
}

// FuzzCost runs commands on files of a shape that is repeated to fill a size, and on ones
// twice as large and deep. It fails if a command allocates much more than twice as many
// bytes, besides what it allocates for a file of next to nothing. They are counted, so that
// it makes no difference how busy the machine is.
func FuzzCost(f *testing.F) {
	for _, s := range yamlShapes {
		f.Add(s.begin, s.end, s.element, s.depth, s.size)
		if yamlCost(f, s.begin, s.end, s.element, 0, 1) == nil {
			f.Fatalf("%q is not valid", s.element)
		}
	}
	f.Fuzz(func(t *testing.T, begin, end, element string, depth uint16, size uint32) {
		depth, size = depth%(plan.MaxDepth/2), size%(1<<19)
		if len(begin)+len(end)+len(element) > 500 {
			return
		}
		least := yamlCost(t, begin, end, element, 0, 1)
		once := yamlCost(t, begin, end, element, int(depth), int(size))
		twice := yamlCost(t, begin, end, element, 2*int(depth), 2*int(size))
		if least == nil || once == nil || twice == nil {
			return // it is not YAML, or too deep
		}
		const slack = 2 << 20
		for i, command := range costlyCommands {
			if twice[i] > least[i]+3*max(0, once[i]-least[i])+slack {
				t.Errorf("%s: %d bytes are allocated for a file of %d bytes, and %d for twice as much", command, once[i], size, twice[i])
			}
		}
	})
}

// yamlCost returns how many bytes each of the commands allocates for files of a shape. It is
// nil if they are not valid.
func yamlCost(t testing.TB, begin, end, element string, depth, size int) (allocated []int64) {
	dir := t.TempDir()
	write := func(name string, from int) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(yamlOf(begin, end, element, depth, size, from)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do := func(command string) int {
		return run(t.Context(), append(strings.Fields(command), "-C", dir), nil, strings.NewReader(""), io.Discard, io.Discard)
	}
	project := "source: tree\nsensitive: [\"**/nothing/**/f\"]\nenvironments:\n" +
		"  dev: {target: \"file:dev\", overlays: [over]}\n  other: {target: \"file:other\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "confo-sync.yaml"), []byte(project), 0o600); err != nil {
		t.Fatal(err)
	}
	write("tree/ns.yaml", 1_000)
	write("over/ns.yaml", 2_000)
	for _, command := range []string{"validate -q", "apply -e dev --auto-approve -q", "apply -e other --auto-approve -q"} {
		if do(command) != 0 {
			return nil
		}
	}
	write("tree/ns.yaml", 3_000)
	for _, command := range costlyCommands {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		code := do(command)
		runtime.ReadMemStats(&after)
		if code != 0 && code != 2 {
			return nil
		}
		allocated = append(allocated, int64(after.TotalAlloc-before.TotalAlloc))
	}
	return allocated
}

func yamlOf(begin, end, element string, depth, size, from int) string {
	var b strings.Builder
	between, isBlock := ", ", begin == ""
	switch {
	case isBlock:
		between = ""
		if strings.HasPrefix(element, " ") {
			b.WriteString("c:\n")
		}
	default:
		b.WriteString("c: " + strings.Repeat(begin, depth) + "[")
	}
	for i := 0; i == 0 || b.Len() < size; i++ {
		b.WriteString(strings.NewReplacer("%d", fmt.Sprint(i+from), "%k", fmt.Sprint(i)).Replace(element) + between)
	}
	if !isBlock {
		b.WriteString("0]" + strings.Repeat(end, depth) + "\n")
	}
	return b.String()
}
