package plan_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// dumps reads JSON texts, in base64 and a line each, as Confo reads the bytes of a znode, and prints
// what json.dumps makes of each, or why it can't be read.
const dumps = `
import base64, json, sys
for line in sys.stdin:
    try:
        text = base64.b64decode(line)
        print(json.dumps(json.loads(text) if text.strip() else {}))
    except (ValueError, RecursionError):
        print("!")
`

// python runs a program on lines of input and returns its lines of output.
func python(t *testing.T, program string, lines []string) []string {
	t.Helper()
	if testing.Short() {
		t.Skip("runs Python, and -short was asked for")
	}
	cmd := exec.Command("python3", "-c", program)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, stderr.Bytes())
	}
	var answers []string
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		answers = append(answers, scanner.Text())
	}
	if len(answers) != len(lines) {
		t.Fatalf("python3 answers %d of %d", len(answers), len(lines))
	}
	return answers
}

// texts are JSON, nearly JSON, and what only Python takes for JSON.
func texts() []string {
	all := []string{
		``, ` `, "\t\r\n\v\f", `{}`, `[]`, ` { } `, `[ ]`, `null`, `true`, `false`, `nul`, `True`, `tru`, `falsey`,
		`0`, `-0`, `00`, `01`, `-01`, `1`, `-1`, `+1`, `--1`, `-`, `1.`, `.1`, `1.0`, `1.50`, `1.e3`, `1e3`, `1E5`, `1e+5`, `1e-5`,
		`1e`, `1e+`, `1.0e`, `0.0`, `-0.0`, `0e0`, `1e400`, `-1e400`, `1e-400`, `123456.0`, `1e16`, `1e15`, `9007199254740993.0`,
		`12345678901234567890123`, `-12345678901234567890123`, strings.Repeat("9", 4000), strings.Repeat("9", 4300), strings.Repeat("9", 4301), "-" + strings.Repeat("9", 4300), strings.Repeat("9", 4301) + ".5", `0x10`, `1_000`, `1 2`, `1,`,
		`NaN`, `-NaN`, `nan`, `Infinity`, `-Infinity`, `+Infinity`, `Inf`, `[NaN, Infinity, -Infinity]`,
		`""`, `"a"`, `'a'`, `"a`, `a"`, `"\"\\\/\b\f\n\r\t"`, `"\x"`, `"\`, `"\u"`, `"\u00"`, `"\u00e9"`, `"\u00E9"`, `"é"`, `"日本"`, `"\u0000"`,
		`"\ud83d\ude00"`, `"😀"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\ud83d"`, `"\ud83dx"`, `"\ude00\ud83d"`, `"\ud83d\u0041"`, `"\ud83d\n"`, `"\ud83d\uzzzz"`,
		"\"\x00\"", "\"\x1f\"", "\"\t\"", "\"\n\"", "\"\x7f\"", "\"\u0080\"", "\"\u2028\"", "\"\u202e\"", "\ufeff{}", "{}\x00", "\x00",
		`{"a": 1}`, `{"a":1,"b":2}`, `{"a": 1,}`, `{,}`, `{"a"}`, `{"a":}`, `{a: 1}`, `{"a": 1 "b": 2}`, `{"a": 1]`, `{"a": 1`, `{1: 2}`, `{"": ""}`,
		`{"a": 1, "a": 2}`, `{"a": 1, "b": 2, "a": {"c": 3}}`, `{"a": {"b": 1, "b": 2}}`, `{"\u0061": 1, "a": 2}`,
		`[1, 2]`, `[1 2]`, `[1,]`, `[,1]`, `[1`, `1]`, `[[[]]]`, `[{}]`, `{"a": [{"b": null}]}`, `{} {}`, `{}}`, `[]x`, `// c`, `{"a": 1} # c`,
		strings.Repeat("[", 800) + strings.Repeat("]", 800), strings.Repeat(`{"a":`, 800) + "1" + strings.Repeat("}", 800),
		strings.Repeat("[", 100000) + strings.Repeat("]", 100000),
		"\xff", "{\"a\": \"\xff\"}", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", "\xfe\xff\x00{\x00}",
		"\xfe\xff\x00\"\xd8\x3d\xde\x02\xd8\x3d\x00\"", "\xff\xfe{\x00}\x00", "\xff\xfe{\x00}", "{\x00}\x00", "\x00{\x00}", "1\x00", "\x001", "\xff\xfe\x00\x001\x00\x00\x00",
		"\x00\x00\xfe\xff\x00\x00\x00{\x00\x00\x00}", "{\x00\x00\x00}\x00\x00\x00", "\x00\x00\x00{\x00\x00\x00}", "\xff\xfe\x00\x00\x00\x00\x11\x00", "\ufeff", "\ufeff ", "\ufeff\ufeff{}", "\xff\xfe",
	}
	many := "{"
	for i := range 40 {
		many += fmt.Sprintf(`"k%d": %d, `, i%30, i)
	}
	return append(all, strings.TrimSuffix(many, ", ")+"}")
}

// TestReadsAsPython: what can be read, and what it says, is what Python makes of
// it; what is written is what Python would write.
func TestReadsAsPython(t *testing.T) {
	all := texts()
	random := rand.New(rand.NewPCG(1, 2))
	const traps = "{}[]\",:0123456789.eE+-\\ntrufalsx \n\x01\xc3"
	// Texts with a byte changed, lost or doubled are the traps nobody thinks of.
	for _, text := range texts() {
		if len(text) == 0 || len(text) > 200 {
			continue
		}
		for range 8 {
			b := []byte(text)
			at := random.IntN(len(b))
			switch random.IntN(3) {
			case 0:
				b[at] = traps[random.IntN(len(traps))]
			case 1:
				b = append(b[:at], b[at+1:]...)
			default:
				b = append(b[:at+1], b[at:]...)
			}
			all = append(all, string(b))
		}
	}
	lines := make([]string, len(all))
	for i, text := range all {
		lines[i] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	readable := 0
	for i, want := range python(t, dumps, lines) {
		got := "!"
		n, err := plan.NewValue([]byte(all[i])).Parse()
		if err == nil {
			readable++
			got = string(plan.AppendJSON(nil, n))
		}
		if got != want {
			t.Errorf("%.100q is read as %.100q, by Python as %.100q (%v)", all[i], got, want, err)
		}
	}
	if readable < 100 || readable > len(all)-100 {
		t.Errorf("%d of %d texts can be read: the corpus is lopsided", readable, len(all))
	}
}

// TestFloatsAsPython: floats are written as Python's repr.
func TestFloatsAsPython(t *testing.T) {
	var all []float64
	for _, f := range []float64{
		0, 1, 0.1, 1.5, 123456, 1e15, 9999999999999998, 1e16, 1e17, 1e21, 1e22, 1e23, 1e100, 0.001, 0.0001, 0.00012345, 0.00001, 1e-7,
		5e-324, 2.2250738585072014e-308, math.MaxFloat64, 1 << 53, 1<<53 + 2, 0.30000000000000004, 1.0 / 3, math.Pi, math.Inf(1),
	} {
		all = append(all, f, -f)
	}
	all = append(all, math.NaN())
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		all = append(all, math.Float64frombits(random.Uint64()), random.NormFloat64()*math.Pow10(random.IntN(40)-20))
	}
	lines := make([]string, len(all))
	for i, f := range all {
		lines[i] = fmt.Sprint(math.Float64bits(f))
	}
	const program = `
import json, struct, sys
for line in sys.stdin:
    print(json.dumps(struct.unpack("<d", struct.pack("<Q", int(line)))[0]))
`
	for i, want := range python(t, program, lines) {
		if got := string(plan.AppendFloat(nil, all[i])); got != want {
			t.Errorf("%v is written %s, by Python %s", all[i], got, want)
		}
	}
}
