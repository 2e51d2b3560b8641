package plan

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// commandForms are what the runners of GitHub Actions and Azure Pipelines look for: the
// first at the beginning of a line, and the second anywhere.
var commandForms = regexp.MustCompile(`^::|##[A-Za-z]*\[`)

var escape = regexp.MustCompile(`\\u[0-9a-f]{4}`)

// obeyed returns the lines of a log that a runner would take for commands.
func obeyed(log string) (lines []string) {
	for line := range strings.FieldsFuncSeq(log, func(r rune) bool { return r == '\n' || r == '\r' }) {
		seen := strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Cc, unicode.Cf) && r != '\t' {
				return -1 // .NET passes over them where it compares texts
			}
			return r
		}, line)
		if commandForms.MatchString(strings.TrimSpace(seen)) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestLogGuard(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"::set-env name=PATH::/tmp\n", ":\\u003aset-env name=PATH::/tmp\n"},
		{"  \t::add-mask::x", "  \t:\\u003aadd-mask::x"},
		{"\u00a0\u2003::x", "\u00a0\u2003:\\u003ax"},
		{"a\r::x", "a\\u000d:\\u003ax"},
		{"\u200b::x", "\\u200b:\\u003ax"},
		{"\x1b[31m::x", "\x1b[31m:\\u003ax"},
		{"##[command]x", "##\\u005bcommand]x"},
		{"a ##[set-env name=X]y", "a ##\\u005bset-env name=X]y"},
		{"a ##vso[task.setvariable variable=x]y", "a ##vso\\u005btask.setvariable variable=x]y"},
		{"###VSO[x]", "###VSO\\u005bx]"},
		{"##vso\u200b[x]", "##vso\\u200b\\u005bx]"},
		{"##teamcity[x]", "##teamcity\\u005bx]"},
		{"a::b\n- ::x\n", "a::b\n- ::x\n"},
		{"## [x](y)\n# [x] ##a b[c]\n", "## [x](y)\n# [x] ##a b[c]\n"},
		{"grüße ü::x\n:x:\n", "grüße ü::x\n:x:\n"},
	} {
		var g LogGuard
		got := string(g.Append(nil, []byte(test.text)))
		if got != test.want {
			t.Errorf("%q becomes %q, not %q", test.text, got, test.want)
		}
		if has := HasLogCommand(test.text); has != (test.text != test.want) {
			t.Errorf("%q has a command: %v", test.text, has)
		}
	}
}

// TestLogGuardControls: nothing reaches a terminal that it obeys or does not show, except
// tabs, line feeds and colours.
func TestLogGuardControls(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\n\x1b[31mred\x1b[0m\x1b[1;32mg\x1b[m": "a\tb\n\x1b[31mred\x1b[0m\x1b[1;32mg\x1b[m",
		"a\r\v\fb":                    `a\u000d\u000b\u000cb`,
		"\u009b31m\u2028\u202e\ufeff": `\u009b31m\u2028\u202e\ufeff`,
		"\U000e0041":                  `\udb40\udc41`,
		"\x1b]8;;http://x\x07":        "\x1b\\u005d8;;http://x\\u0007",
		"\x1b]52;c;eA==\x1b\\":        "\x1b\\u005d52;c;eA==\x1b\\u005c",
		"\x1b[2Jx\x1b[1A":             "\x1b[2\\u004ax\x1b[1\\u0041",
		"\x1b[?25l":                   "\x1b[\\u003f25l",
		"section_start:1:a\r\x1b[0K":  "section_start:1:a\\u000d\x1b[0\\u004b",
		"grüße 日本語 👍":                 "grüße 日本語 👍",
	} {
		var g LogGuard
		if got := string(g.Append(nil, []byte(text))); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

// TestLogGuardLaws: whatever is written, in whatever pieces, no line is obeyed, and what
// gives no command stays as it is.
func TestLogGuardLaws(t *testing.T) {
	pieces := []string{":", "::", "#", "##", "[", "]", "vso", "add-mask", "x", " ", "\t", "\n", "\r", "\u200b", "\u00a0", "\x1b", "\x1b[1m", "é", "\u2028", "\xff", "\xe2\x80", "\\"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "text"), "")
		var whole, cut LogGuard
		got := string(whole.Append(nil, []byte(text)))
		var inPieces []byte
		withinRune := false
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			inPieces = cut.Append(inPieces, rest[:n])
			rest = rest[n:]
			withinRune = withinRune || len(rest) > 0 && !utf8.RuneStart(rest[0])
		}
		if got != string(inPieces) && !withinRune {
			t.Fatalf("%q becomes %q, and in pieces %q", text, got, inPieces)
		}
		for _, log := range []string{got, string(inPieces)} {
			if lines := obeyed(log); lines != nil {
				t.Fatalf("%q: these are obeyed: %q", text, lines)
			}
		}
		back := escape.ReplaceAllStringFunc(got, func(escape string) string {
			unit, _ := strconv.ParseUint(escape[2:], 16, 16)
			return string(rune(unit))
		})
		if back != text {
			t.Fatalf("%q becomes %q", text, got)
		}
		unseen := strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && r != utf8.RuneError && !isShown(r) && r != 0xa0 })
		if HasLogCommand(text) && got == text || !unseen && got != text && !HasLogCommand(text) {
			t.Fatalf("%q becomes %q", text, got)
		}
	})
}

// TestLogGuardKeepsJSON: a JSON document stays one with the same value.
func TestLogGuardKeepsJSON(t *testing.T) {
	pieces := []string{":", "##", "[", "vso", `\`, `"`, "\n", "x", "##vso[", "::"}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "text"), "")
		})).Draw(t, "value")
		document, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		var g LogGuard
		var back []string
		if err := json.Unmarshal(g.Append(nil, document), &back); err != nil || !slices.Equal(back, value) {
			t.Fatalf("%s: %q, %v", document, back, err)
		}
	})
}
