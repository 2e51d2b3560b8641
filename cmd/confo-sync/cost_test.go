//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// costInput is a tree whose cost once went by the square of its size.
type costInput struct {
	name                string
	before, after, over func(n int) map[string]string // files by name, of about n bytes
}

// costInputs are one for each mechanism that was at fault.
var costInputs = []costInput{
	{"pieces of URLs", value1(`"://`), value1(`x"://`), nil},
	{"quotes", value1(`"`), value1(`"x`), nil},
	{"one long word", value1("A"), value1("AB"), nil},
	{"lines that differ", textOf("was"), textOf("is"), nil},
	{"lines in another order", shuffled(1), shuffled(7), nil},
	{"few lines in turn", turns(2), turns(3), nil},
	{"fields", fieldsOf("k%d: was\n"), fieldsOf("k%d: is\n"), nil},
	{"one long name above many values", belowLong("was"), belowLong("is"), nil},
	{"fields with other names", fieldsOf("k%d: 1\n"), fieldsOf("j%d: 1\n"), nil},
	{"fields on one line", flowOf("k%d: was, "), flowOf("k%d: is, "), nil},
	{"keys after ?", fieldsOf("? k%d\n: was\n"), fieldsOf("? k%d\n: is\n"), nil},
	{"secrets", fieldsOf("k%d_password: hunter\n"), fieldsOf("k%d_password: other\n"), nil},
	{"elements with names", fieldsOf("- {name: n%d, port: 1}\n"), fieldsOf("- {name: n%d, port: 2}\n"), nil},
	{"elements", fieldsOf("- was%d\n"), fieldsOf("- is%d\n"), nil},
	{"configurations in one file", configsOf("c%d: {a: was}\n"), configsOf("c%d: {a: is}\n"), nil},
	{"configurations with other names", configsOf("c%d: {a: 1}\n"), configsOf("d%d: {a: 1}\n"), nil},
	{"configurations that can't be edited", configsOf("? c%d\n"), configsOf("c%d: {a: 1}\n"), nil},
	{"an overlay that repeats its base", fieldsOf("k%d: was\n"), fieldsOf("k%d: is\n"), fieldsOf("k%d: was\n")},
	{"an overlay that removes", fieldsOf("k%d: was\n"), fieldsOf("k%d: is\n"), fieldsOf("k%d: !delete\n")},
	{"an overlay that repeats configurations", configsOf("c%d: {a: was}\n"), configsOf("c%d: {a: is}\n"), configsOf("c%d: {a: was}\n")},
	{"an overlay that adds to a list", fieldsOf("- was%d\n"), fieldsOf("- is%d\n"), func(n int) map[string]string {
		return map[string]string{"ns/c.yaml": "!append\n" + repeated("- more%d\n", n)}
	}},
}

func repeated(format string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
	}
	return b.String()
}

func fieldsOf(format string) func(int) map[string]string {
	return func(n int) map[string]string { return map[string]string{"ns/c.yaml": repeated(format, n)} }
}

func configsOf(format string) func(int) map[string]string {
	return func(n int) map[string]string { return map[string]string{"ns.yaml": repeated(format, n)} }
}

func flowOf(format string) func(int) map[string]string {
	return func(n int) map[string]string {
		return map[string]string{"ns/c.yaml": "a: {" + repeated(format, n) + "z: 1}\n"}
	}
}

// belowLong is a list below a name of half the size.
func belowLong(what string) func(int) map[string]string {
	return func(n int) map[string]string {
		return map[string]string{"ns/c.json": `{"` + strings.Repeat("k", n/2) + `": [` + repeated(`"`+what+`%d", `, n/2) + `0]}`}
	}
}

// value1 is one value, of a piece of text again and again.
func value1(piece string) func(int) map[string]string {
	return func(n int) map[string]string {
		return map[string]string{"ns/c.yaml": "note: " + strconv.Quote(strings.Repeat(piece, n/len(piece))) + "\n"}
	}
}

func textOf(what string) func(int) map[string]string {
	return func(n int) map[string]string {
		return map[string]string{"ns/c.yaml": "text: |\n" + repeated("  line %d "+what+"\n", n)}
	}
}

// shuffled is a text whose lines are in the order of multiples of step.
func shuffled(step int) func(int) map[string]string {
	return func(n int) map[string]string {
		var b strings.Builder
		count := n / 16
		for count%step == 0 && step > 1 {
			count--
		}
		for i := range count {
			fmt.Fprintf(&b, "  line %d\n", i*step%count)
		}
		return map[string]string{"ns/c.yaml": "text: |\n" + b.String()}
	}
}

// turns is a text of a few lines again and again.
func turns(of int) func(int) map[string]string {
	return func(n int) map[string]string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, "  %d\n", i*i%7%of)
		}
		return map[string]string{"ns/c.yaml": "text: |\n" + b.String()}
	}
}

const costProject = `source: tree
environments:
  dev: {target: "file:dev", overlays: [over]}
  other: {target: "file:other"}
`

// costCommands are run in turn. Where is the step at which the tree is the one
// before, or after.
var costCommands = []struct {
	args string
	tree string // "before" or "after": the tree is written anew
}{
	{"validate -e dev", "before"},
	{"apply -e dev --auto-approve", ""},
	{"apply -e other --auto-approve", ""},
	{"plan -e other --format html", "after"},
	{"plan -e other --format json", ""},
	{"apply -e other --auto-approve --delete-percent 100", ""},
	{"validate -e dev", ""},
	{"history -e other ns/c", ""},
	{"promote other dev --auto-approve --delete-percent 100", ""},
	{"matrix", ""},
	{"fmt --check", ""},
	{"pull -e other --dry-run", "before"},
	{"pull -e other", ""},
	{"rollback -e other --auto-approve --delete-percent 100", ""},
}

// BenchmarkCost runs commands on inputs of 256 KiB and of 1 MiB that are made to
// be costly. It fails when the larger takes much more than four times as much time
// of the processor: then the cost goes by the square.
func BenchmarkCost(b *testing.B) {
	for _, in := range costInputs {
		b.Run(in.name, func(b *testing.B) {
			for b.Loop() {
				small, large := in.cost(b, 1<<18), in.cost(b, 1<<20)
				for i, c := range costCommands {
					if large[i] > 8*small[i]+400*time.Millisecond {
						b.Errorf("%s: %v for 256 KiB, %v for 1 MiB", c.args, small[i], large[i])
					}
				}
			}
		})
	}
}

// cost returns the time of the processor that each command takes.
func (in costInput) cost(b *testing.B, n int) []time.Duration {
	b.Helper()
	dir := b.TempDir()
	write := func(folder string, files map[string]string) {
		if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
			b.Fatal(err)
		}
		for name, text := range files {
			path := filepath.Join(dir, folder, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	write("", map[string]string{"confo-sync.yaml": costProject, "over/.keep": ""})
	if in.over != nil {
		write("over", in.over(n))
	}
	var times []time.Duration
	for _, c := range costCommands {
		switch c.tree {
		case "before":
			write("tree", in.before(n))
		case "after":
			write("tree", in.after(n))
		}
		before := processorTime(b)
		run(b.Context(), append(strings.Fields(c.args), "-C", dir), nil, strings.NewReader(""), io.Discard, io.Discard)
		times = append(times, processorTime(b)-before)
	}
	return times
}

// processorTime returns how long this process has used the processor.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
