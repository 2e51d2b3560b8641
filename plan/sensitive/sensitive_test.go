package sensitive_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan/sensitive"
)

// rows returns the cells of the rows of the tables below a heading of the page
// that lists what is hidden.
func rows(t *testing.T, heading string, columns int) [][]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/sensitive.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("the page has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var all [][]string
	for line := range strings.Lines(section) {
		line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00")
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") || cells[0] == " value" || cells[0] == " what" {
			continue
		}
		if len(cells) != columns {
			t.Fatalf("%q has %d cells, not %d", line, len(cells), columns)
		}
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
		}
		all = append(all, cells)
	}
	return all
}

// TestNames holds the names that the page lists against their verdicts.
func TestNames(t *testing.T) {
	count := 0
	for _, row := range rows(t, "Names", 3) {
		for name := range strings.FieldsSeq(row[2]) {
			count++
			name = strings.Trim(name, "`")
			if got := sensitive.Name(name).String(); got != row[1] {
				t.Errorf("%s: %s is %s, not %s", row[0], name, got, row[1])
			}
		}
	}
	if count < 1500 {
		t.Errorf("the page lists %d names", count)
	}
}

// TestValues holds the values that the page lists against what it says is shown.
func TestValues(t *testing.T) {
	all := rows(t, "Values", 2)
	if len(all) < 600 {
		t.Errorf("the page lists %d values", len(all))
	}
	for _, row := range all {
		text := unwrap(row[0])
		want := text
		if row[1] != "the same" {
			want = unwrap(row[1])
		}
		if isJSON(text) {
			continue // what is JSON is package plan's
		}
		if got := shown(text); got != want {
			t.Errorf("%q is shown as %q, not %q", text, got, want)
		}
	}
}

func isJSON(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") || strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]")
}

var random = regexp.MustCompile(`\{(\d+)\}`)

// unwrap returns the text that a cell stands for. Tokens are spelled out only
// here, so that nothing takes the page for a leak.
func unwrap(cell string) string {
	const letters = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6A7b8C9d0E1f2G3h4I5j6K7l8M9n0"
	text := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(cell, "`"), "`"), "↵", "\n")
	return random.ReplaceAllStringFunc(text, func(m string) string {
		n, _ := strconv.Atoi(m[1 : len(m)-1])
		return strings.Repeat(letters, 4)[:n]
	})
}

// shown returns a text with *** for what is hidden.
func shown(text string) string {
	var b strings.Builder
	from := 0
	for _, p := range sensitive.Parts(text) {
		b.WriteString(text[from:p.From] + "***")
		from = p.To
	}
	return b.String() + text[from:]
}

// TestNamesBelow: names that stand below each other are read together.
func TestNamesBelow(t *testing.T) {
	for _, test := range []struct {
		names string
		want  sensitive.Class
	}{
		{"token ttl", sensitive.Open},
		{"token value", sensitive.Secret},
		{"auth type", sensitive.Open},
		{"auth password", sensitive.Secret},
		{"password policy min_length", sensitive.Open},
		{"DB_PASSWORD value", sensitive.Secret},
		{"cookie secure", sensitive.Open},
	} {
		if got := sensitive.Name(strings.Fields(test.names)...); got != test.want {
			t.Errorf("%s is %s, not %s", test.names, got, test.want)
		}
	}
}

// TestTogether: a field and the one that it is in are read together only if both
// belong to a secret's name.
func TestTogether(t *testing.T) {
	for names, want := range map[string]bool{
		"api key": true, "private key": true, "session id": true, "connection string": true, "snmp community": true, "google_api key": true,
		"cache key": false, "token_ttl key": false, "x api_key": false, "password_policy symbols": false, "led pin": false, "api ": false, " key": false,
	} {
		parent, name, _ := strings.Cut(names, " ")
		if got := sensitive.Together(parent, name); got != want {
			t.Errorf("%s: %v", names, got)
		}
	}
}

// TestHides: a name that counts hides only what is no number and no switch.
func TestHides(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "yes": false, "off": false, "8192": false, "1.5": false, "30s": false, "15 minutes": false, "10%": false,
		"hunter2": true, "30xyz": true, "12345678901234567890": true,
	} {
		if got := sensitive.Counting.Hides(text, false); got != want {
			t.Errorf("%q is hidden: %v", text, got)
		}
		if !sensitive.Secret.Hides(text, true) {
			t.Errorf("%q is shown under a secret's name", text)
		}
	}
	for text, want := range map[string]bool{
		"3ax6xnjp29jd6fds4gc373sgvjxteol0": true, "550e8400-e29b-41d4-a716-446655440000": true,
		"": false, "created_at": false, "users:v2:list": false, "backups/2026/db.tar.gz": false, "a1b2": false, "a text of some words, 1 2 3 4 5": false,
	} {
		if got := sensitive.Key.Hides(text, false); got != want {
			t.Errorf("a key %q is hidden: %v", text, got)
		}
	}
}

// FuzzParts: the parts of any text are in order, apart and within it.
func FuzzParts(f *testing.F) {
	for _, seed := range []string{"postgres://a:b@c", "password: |\n  x\n", `<a name="pw"`, "\"password\"\n= '''", "name: token\n  value", "token\\\n", "redis-cli -a ", "%2F%2F%40",
		"<password a='b'>", "variable \"token\" {\n default = 1", "密码：x", "%22token%22%3A", "user a on >b", "1Q~", "MMM.aaaaaa.", "password is a1b2c3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		last := -1
		for _, p := range sensitive.Parts(text) {
			if p.From <= last || p.To <= p.From || p.To > len(text) {
				t.Fatalf("%q: a part from %d to %d after %d", text, p.From, p.To, last)
			}
			last = p.To
		}
		sensitive.Name(text)
	})
}
