package plan_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/confo-sync/confo-sync/plan"
)

func TestPrintable(t *testing.T) {
	for _, test := range []struct {
		rule, in, want string // no want: it stays as it is
	}{
		{"what is printable stays", "systemA/database", ""},
		{"in every script", "Größe 値段 🍵", ""},
		{"with quotes and backslashes", `a "b" 'c' \x1b`, ""},
		{"nothing stays nothing", "", ""},
		{"lines do not break", "a\nb\rc\td", `a\nb\rc\td`},
		{"colours do not change", "\x1b[31mred", `\x1b[31mred`},
		{"control characters", "\x00\a\x7f", `\x00\a\x7f`},
		{"control characters above ASCII", "\u0085\u009b31m", `\u0085\u009b31m`},
		{"line separators", "\u2028\u2029", `\u2028\u2029`},
		{"spaces that are no space", "a\u00a0b\u3000c", `a\u00a0b\u3000c`},
		{"right to left", "\u202egnp.exe", `\u202egnp.exe`},
		{"isolates and marks", "\u2066\u2069\u200e\u200f\u061c", `\u2066\u2069\u200e\u200f\u061c`},
		{"zero width", "a\u200bb\u200cc\u200dd\u2060\ufeff\u00ad", `a\u200bb\u200cc\u200dd\u2060\ufeff\u00ad`},
		{"fillers, which are letters", "\u115f\u3164\uffa0", `\u115f\u3164\uffa0`},
		{"variation selectors", "a\ufe0f\U000e0101", `a\ufe0f\U000e0101`},
		{"tags", "\U000e0041", `\U000e0041`},
		{"private use and unassigned", "\ue000\U000f0000\uffff", `\ue000\U000f0000\uffff`},
		{"invalid UTF-8, byte by byte", "a\xffb\xe6\x97", `a\xffb\xe6\x97`},
		{"overlong", "\xc0\xaf", `\xc0\xaf`},
		{"half a surrogate pair", "\xed\xa0\xbdx\xed\xb8\x80", `\ud83dx\ude00`},
		{"what only begins like one", "\xed\xa0A\xed\xa0", `\xed\xa0A\xed\xa0`},
		{"the replacement character itself", "\ufffd", ""},
	} {
		if test.want == "" {
			test.want = test.in
		}
		if got := plan.Printable(test.in); got != test.want {
			t.Errorf("%s: %+q is printed %s, want %s", test.rule, test.in, got, test.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		``:        `""`,
		`a b`:     `"a b"`,
		`a"b`:     `"a\"b"`,
		`a\nb`:    `"a\\nb"`,
		"a\nb":    `"a\nb"`,
		"é\u202e": `"é\u202e"`,
		"\xff":    `"\xff"`,
		`\"`:      `"\\\""`,
		"it's 日本": `"it's 日本"`,
	} {
		if got := plan.Quote(in); got != want {
			t.Errorf("%+q is quoted %s, want %s", in, got, want)
		}
	}
}

// texts of all sorts: proper ones, and bytes that are none.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", `\`, `"`, "x", "ff", "\xff", "\n", "n", "\xed", "\xa0", "\x81", "\xbd", `\xff`, `\ud83d`, "\u202e", `\u202e`, "é",
		}), 0, 8), func(parts []string) string { return strings.Join(parts, "") }),
	)
}

// Whatever comes in, what goes to the terminal is characters that are seen, and
// is not escaped twice.
func TestPrintableLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		printed := plan.Printable(anyText().Draw(t, "text"))
		if !utf8.ValidString(printed) {
			t.Fatalf("%q is not UTF-8", printed)
		}
		for _, r := range printed {
			if r != ' ' && !unicode.IsPrint(r) {
				t.Fatalf("%q holds %U", printed, r)
			}
		}
		if again := plan.Printable(printed); again != printed {
			t.Fatalf("%q becomes %q when printed again", printed, again)
		}
	})
}

// Two texts that differ look different in quotes.
func TestQuoteLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyText().Draw(t, "a"), anyText().Draw(t, "b")
		if a != b && plan.Quote(a) == plan.Quote(b) {
			t.Fatalf("%+q and %+q are both quoted %s", a, b, plan.Quote(a))
		}
	})
}
