package render

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// config is a configuration on both sides of a plan; "" is absence.
type config struct{ namespace, name, before, after string }

// planOf returns the report of the plan that makes configurations as they are
// wanted. They are in order.
func planOf(configs ...config) *Report {
	tree, live := &plan.Tree{}, &plan.Snapshot{Exists: true}
	for _, c := range configs {
		if c.after != "" {
			if n := len(tree.Namespaces); n == 0 || tree.Namespaces[n-1].Name != c.namespace {
				tree.Namespaces = append(tree.Namespaces, plan.Namespace{
					Name: c.namespace, Position: plan.Position{File: c.namespace + "/_namespace.yaml"},
				})
			}
			ns := &tree.Namespaces[len(tree.Namespaces)-1]
			ns.Configs = append(ns.Configs, plan.Config{
				Name: c.name, Value: plan.NewValue([]byte(c.after)),
				Position: plan.Position{File: c.namespace + "/" + c.name + ".yaml", Line: 3},
			})
		}
		if c.before != "" {
			if n := len(live.Namespaces); n == 0 || live.Namespaces[n-1].Name != c.namespace {
				live.Namespaces = append(live.Namespaces, plan.LiveNamespace{Name: c.namespace})
			}
			ns := &live.Namespaces[len(live.Namespaces)-1]
			ns.Configs = append(ns.Configs, plan.LiveConfig{Name: c.name, Value: plan.NewValue([]byte(c.before))})
		}
	}
	p := plan.Diff(tree, live, plan.Options{Prune: plan.PruneNamespaces})
	r := New(KindPlan, "zk://zk1.example.com:2181/confo", "config")
	r.Add(p, 1, plan.SensitivityOf(tree, nil))
	return r
}

func htmlOf(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func value(n plan.Node) *Value        { return &Value{node: n} }
func stringValue(s string) *Value     { return value(plan.Node{Kind: plan.String, Text: s}) }
func integerValue(text string) *Value { return value(plan.Node{Kind: plan.Integer, Text: text}) }

// sample has something of everything that a page shows.
func sample() (*Report, func(yield func(Change) bool)) {
	r := planOf(
		config{"billing", "limits", `{"max": 10, "ratio": 0.5, "tags": ["a", "b"], "same": 1, "other": 2}`, `{"max": 20, "ratio": "0.5", "tags": ["a", "c"], "same": 1, "other": 2}`},
		config{"billing", "motd",
			`{"text": "Dear customer,\nyour bill is late.\nPlease pay soon.\n\nLine five\nLine six\nLine seven\nLine eight\nLine nine\nLine ten\nLine eleven\nLine twelve\nYours\n"}`,
			`{"text": "Dear customer,\nyour bill is overdue.\nPlease pay today.\nThank you.\n\nLine five\nLine six\nLine seven\nLine eight\nLine nine\nLine ten\nLine eleven\nLine twelve\nYours"}`},
		config{"billing", "old", `{"enabled": false, "note": "nobody reads this any more"}`, ""},
		config{"gone", "last", `{"a": 1}`, ""},
		config{"shop", "database", `{"url": "jdbc:postgresql://db1.example.com:5432/shop?connectTimeout=10&socketTimeout=30", "password": "swordfish", "pool": {"min": 1, "max": 8}}`,
			`{"url": "jdbc:postgresql://db2.example.com:5432/shop?connectTimeout=10&socketTimeout=60", "password": "marlin", "pool": {"min": 1, "max": 16}, "replicas": [{"host": "r1.example.com", "port": 5432, "options": {"ssl": true, "password": "tuna"}}, {"host": "r2.example.com", "port": 5432}]}`},
		config{"shop", "feature-flags", "", `{"checkout": {"enabled": true, "rollout": 25}, "search": {"enabled": false}, "regions": ["eu-west-1", "eu-central-1"], "banner": "Summer sale\nEverything must go\n"}`},
		config{"shop", "legacy", `not json`, `{"a": 1}`},
		config{"warehouse", "routes", `{"default": "north"}`, `{"default": "south"}`},
	)
	r.Environment, r.Commit = "staging", "3f2c1d9a7be04418c2a6f0d3b5e8917c64aa1f05+"
	r.Fingerprint = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	r.Snapshot = &Snapshot{Zxid: 0x500001a2f, Time: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)}
	flags := "flags"
	r.Kept = []Kept{{Object: Object{Namespace: "adhoc"}}, {Object: Object{Namespace: "shop", Configuration: &flags}}}
	r.Foreign = []Foreign{{Object: Object{Namespace: "locks"}, Path: "/confo/locks/lock-0000000001", What: "child of a namespace"}}
	r.Warnings = []Finding{{Message: "anybody may write to the target's root", Hint: "give it an ACL with --acl"}}
	r.Errors = []Finding{{
		Object: &Object{Namespace: "shop", Configuration: &flags}, Source: &Source{File: "shop/flags.yaml", Line: 12, Column: 3},
		Message: "the live configuration is ephemeral: it belongs to a running application and disappears with it",
		Hint:    "remove it from the tree", Excerpt: "flags:\n  beta: true",
	}}
	r.Missing = true

	to := 3
	routes := []Edit{
		{Path: Path{plan.Path{plan.Name("servers"), plan.Item(0)}}, Name: "servers[name=web]", Action: "move",
			Before: value(plan.Node{Kind: plan.Object, Fields: []plan.Field{{Name: "name", Value: stringValue("web").node}, {Name: "port", Value: integerValue("80").node}}}), To: &to},
		{Path: Path{plan.Path{plan.Name("embedded")}}, Name: "embedded", Action: "replace",
			Before: stringValue(`{"timeout": 5, "mode": "fast", "retries": 3}`), After: stringValue(`{"timeout": 10, "mode": "fast", "retries": 3, "backoff": true}`),
			Inner: []Edit{
				{Path: Path{plan.Path{plan.Name("timeout")}}, Name: "timeout", Action: "replace", Before: integerValue("5"), After: integerValue("10")},
				{Path: Path{plan.Path{plan.Name("backoff")}}, Name: "backoff", Action: "add", After: value(plan.Node{Kind: plan.Bool, Text: "true"})},
			}, InnerUnchanged: 2},
		{Path: Path{plan.Path{plan.Name("greeting")}}, Name: "greeting", Action: "replace",
			Before: stringValue("hello  world"), After: stringValue("hello world"), Note: "only white space differs"},
		{Path: Path{plan.Path{plan.Name("port")}}, Name: "port", Action: "replace",
			Before: stringValue("80"), After: integerValue("80"), Note: "string -> integer"},
	}
	return r, func(yield func(Change) bool) {
		for c := range r.Changes.All() {
			if c.Configuration != nil && *c.Configuration == "routes" {
				c.Edits = append(c.Edits, routes...)
			}
			if !yield(c) {
				return
			}
		}
	}
}

func sampleHTML(t testing.TB) string {
	t.Helper()
	r, changes := sample()
	var b bytes.Buffer
	if err := writeHTML(&b, r, changes); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLShowsEverything(t *testing.T) {
	page := html.UnescapeString(tags.ReplaceAllString(sampleHTML(t), ""))
	for _, want := range []string{
		// The head.
		"Plan for staging", "zk://zk1.example.com:2181/confo", "does not exist yet", "config",
		"3f2c1d9a7be04418c2a6f0d3b5e8917c64aa1f05+", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"2026-03-14 09:26:53 UTC", "zxid 0x500001a2f", "In 1 transaction. 0 configurations unchanged.",
		"1 error: this cannot be applied", "the live configuration is ephemeral", "remove it from the tree",
		"shop/flags.yaml:12", "flags:\n  beta: true", "1 warning", "anybody may write", "--acl",
		// What is left alone.
		"adhoc (namespace)", "shop/flags", "/confo/locks/lock-0000000001", "child of a namespace",
		// The changes.
		"billing/limits.yaml:3", "max", "10", "20", "float -> string", "tags[1]", "3 unchanged fields",
		"your bill is late.", "your bill is overdue.", "… 7 unchanged lines …", "(the newline at its end was removed)",
		"nobody reads this any more", "gone", "pool.max", "(sensitive #1)", "(sensitive #2)", "(sensitive #3)",
		"r2.example.com", "Summer sale\nEverything must go", `["eu-west-1", "eu-central-1"]`,
		"(not JSON: no value starts with this character at byte 0 of 8)", "the whole value",
		"servers[name=web]", "from [0] to [3]", "embedded", "timeout", "backoff", "2 unchanged fields",
		"only white space differs", "string -> integer",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, secret := range []string{"swordfish", "marlin", "tuna"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
}

// tags are those in the page's body, and whatever is code.
var tags = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<[^>]*>`)

func TestHTMLShowsEveryField(t *testing.T) {
	var before, after []string
	for i := range 300 {
		before = append(before, fmt.Sprintf(`"field%d": "was%d"`, i, i))
		after = append(after, fmt.Sprintf(`"field%d": "is%d"`, i, i))
	}
	page := htmlOf(t, planOf(
		config{"a", "create", "", "{" + strings.Join(after, ",") + "}"},
		config{"a", "delete", "{" + strings.Join(before, ",") + "}", ""},
		config{"a", "update", "{" + strings.Join(before, ",") + "}", "{" + strings.Join(after, ",") + "}"},
	))
	for i := range 300 {
		for text, want := range map[string]int{
			fmt.Sprintf(">field%d<", i): 3, fmt.Sprintf("was%d&#34;<", i): 2, fmt.Sprintf("is%d&#34;<", i): 2,
		} {
			if got := strings.Count(page, text); got != want {
				t.Errorf("%s is there %d times, not %d", text, got, want)
			}
		}
	}
}

// hostile is what nobody should be able to do anything with.
const hostile = "</script></style><img src=x onerror=alert(1)>\"'`{{.}}\u202e\u200b\x1b[31m\u2066"

// hostilePage has it in every place.
func hostilePage(t testing.TB) string {
	t.Helper()
	quoted := string(plan.AppendString(nil, hostile))
	r := planOf(
		config{"a" + hostile, "b" + hostile, `{` + quoted + `: "old"}`, `{` + quoted + `: ` + quoted + `, "text": "one\ntwo` + quoted[1:] + `}`},
		config{"z" + hostile, "new", "", `{` + quoted + `: {` + quoted + `: [` + quoted + `, "a\nb"]}}`},
	)
	name := "k" + hostile
	r.Target, r.Source, r.Environment, r.Commit, r.Fingerprint = hostile, hostile, hostile, hostile, hostile
	r.Kept = []Kept{{Object: Object{Namespace: hostile, Configuration: &name}, Field: hostile, Reason: "keep", Pattern: hostile}, {Object: Object{Namespace: hostile, Configuration: &name}}}
	r.Foreign = []Foreign{{Path: hostile, What: hostile}}
	finding := Finding{Object: &r.Kept[0].Object, Source: &Source{File: hostile}, Message: hostile, Hint: hostile, Excerpt: hostile + "\n" + hostile}
	r.Errors, r.Warnings = []Finding{finding}, []Finding{finding}
	edit := Edit{Name: hostile, Action: "replace", Note: hostile, Before: stringValue(hostile), After: stringValue("x" + hostile)}
	edit.Inner = []Edit{{Name: hostile, Action: "add", Unreadable: hostile}}
	var b bytes.Buffer
	if err := writeHTML(&b, r, func(yield func(Change) bool) {
		for c := range r.Changes.All() {
			c.Edits = append(c.Edits, edit)
			if !yield(c) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLEscapes(t *testing.T) {
	page := hostilePage(t)
	if strings.Contains(page, "<img") {
		t.Error("a tag got through")
	}
	if n := strings.Count(page, "</script>"); n != 1 {
		t.Errorf("%d ends of scripts", n)
	}
	for _, r := range page {
		if r < ' ' && r != '\n' && r != '\t' || strings.ContainsRune("\u202e\u200b\u2066\ufffd", r) {
			t.Errorf("%U got through", r)
		}
	}
	if n := strings.Count(page, `\u202e`); n < 20 {
		t.Errorf("%d escapes are visible", n)
	}
	for _, m := range regexp.MustCompile(` (?:id|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !regexp.MustCompile(`^(#?[\w./~-]+|data:,)$`).MatchString(m[1]) {
			t.Errorf("%q is no plain id", m[1])
		}
	}
}

func TestHTMLRefersToNothingOutside(t *testing.T) {
	page := sampleHTML(t)
	if !strings.Contains(page, "default-src &#39;none&#39;") {
		t.Error("there is no policy")
	}
	for _, m := range regexp.MustCompile(`(?i)[\s"](?:href|src|srcset|action|data|poster|background|url)\s*=\s*"?([^" >]*)`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "#") && m[1] != "data:," {
			t.Errorf("it refers to %q", m[1])
		}
	}
	for _, word := range []string{"url(", "@import", "fetch(", "http:", "https:", "XMLHttpRequest", "import("} {
		if strings.Contains(page, word) {
			t.Errorf("there is %q in it", word)
		}
	}
}

// TestHTMLPolicy: browsers run what has the hash, so that it must be written
// exactly as it was hashed.
func TestHTMLPolicy(t *testing.T) {
	page := sampleHTML(t)
	for _, element := range []string{"style", "script"} {
		_, rest, _ := strings.Cut(page, "<"+element+">")
		content, _, _ := strings.Cut(rest, "</"+element+">")
		if !strings.Contains(html.UnescapeString(page), element+"-src '"+hash(content)+"'") {
			t.Errorf("the %s has another hash", element)
		}
	}
}

func TestHTMLAnchors(t *testing.T) {
	names := []string{"a", "a/b", "a b", "a~2fb", "ä", "A", "\xff", "a.b-c_d", "", "a#b", "%41"}
	seen := map[template.URL]bool{}
	for _, ns := range names {
		seen[anchor("namespace", ns)] = true
		seen[anchor("change", ns)] = true
		for _, name := range names {
			seen[anchor("change", ns, name)] = true
		}
	}
	if want := len(names) * (2 + len(names)); len(seen) != want {
		t.Errorf("%d anchors of %d objects", len(seen), want)
	}
	if got, want := anchor("change", "shop", "feature flags"), template.URL("change/shop/feature~20flags"); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestHTMLEmpty(t *testing.T) {
	page := htmlOf(t, planOf(config{"a", "b", "[1]", "[1]"}))
	if !strings.Contains(page, `</span> No changes. 1 configuration matches the source.</p>`) {
		t.Error("it doesn't say so")
	}
	if strings.Contains(page, "<form") || strings.Contains(page, "<nav") {
		t.Error("there is something to filter")
	}
}

func TestHTMLOfADiff(t *testing.T) {
	r := planOf(config{"a", "b", "[1]", "[2]"})
	r.Kind = KindDiff
	page := htmlOf(t, r)
	for _, want := range []string{"Difference from zk://", "<dt>From</dt>", "<dt>To</dt>", "</b> updated"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestDiffWords(t *testing.T) {
	for _, test := range []struct{ before, after, was, is string }{
		{"db1.example.com:80", "db2.example.com:80", "[db1].example.com:80", "[db2].example.com:80"},
		{"a large dog", "a large black dog", "a large dog", "a large [black ]dog"},
		{"same", "same", "same", "same"},
		{"apple", "pear", "apple", "pear"},
		{"über alles gut", "unter alles gut", "[über] alles gut", "[unter] alles gut"},
		{`one \u202e word`, `one \u200b word`, `one \[u202e] word`, `one \[u200b] word`},
		{"", "", "", ""},
		{"", "x", "", "[x]"},
	} {
		b, a := diffWords(test.before, test.after)
		if was, is := marked(b), marked(a); was != test.was || is != test.is {
			t.Errorf("%q and %q: %q and %q, not %q and %q", test.before, test.after, was, is, test.was, test.is)
		}
	}
}

// TestDiffWordsOfLongTexts: however long the texts, where they differ is shown.
func TestDiffWordsOfLongTexts(t *testing.T) {
	long := strings.Repeat("lorem ipsum ", 20000)
	b, a := diffWords(long+"here it was "+long, long+"here it is "+long)
	if was, is := marked(b), marked(a); len(was) > 1000 || !strings.Contains(was, "[was]") || !strings.Contains(is, "[is]") {
		t.Errorf("%q\n%q", was, is)
	}
	var x, y strings.Builder
	for i := range 100000 {
		fmt.Fprintf(&x, "x%d ", i)
		fmt.Fprintf(&y, "y%d ", i)
	}
	diffWords("same "+x.String(), "same "+y.String())
}

// marked writes what differs in brackets.
func marked(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Kind == "del" || p.Kind == "ins" {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// FuzzDiffWords: without its marks, each side is what it was.
func FuzzDiffWords(f *testing.F) {
	f.Add("one two three", "one 2 three")
	f.Add("ä\u0301 \U0001F600.", "a\U0001F600\U0001F601 .")
	f.Fuzz(func(t *testing.T, before, after string) {
		before, after = plan.Printable(before), plan.Printable(after)
		if len(before)+len(after) > maxSame {
			return
		}
		b, a := diffWords(before, after)
		unmarked := func(parts []part) (s string) {
			for _, p := range parts {
				s += p.Text
			}
			return s
		}
		if unmarked(b) != before || unmarked(a) != after {
			t.Errorf("%q and %q became %q and %q", before, after, unmarked(b), unmarked(a))
		}
	})
}

func TestPrintableText(t *testing.T) {
	many := strings.Repeat("line\n", 3*maxTextLines)
	if got := printableText(many); strings.Count(got, "\n") != maxTextLines || !strings.Contains(got, "\n… 2000 lines …\n") {
		t.Errorf("%d lines", strings.Count(got, "\n")+1)
	}
	if got, want := printableText("a\tb\x1b\n c\n"), "a\tb\\x1b\n c"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// failing takes so many bytes.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if *f -= failing(len(p)); *f < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestHTMLTellsErrors(t *testing.T) {
	r := manyChanges(2000)
	for _, size := range []failing{0, 100_000, 600_000} {
		if err := HTML(&size, r); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%v", err)
		}
	}
}

// manyChanges returns a plan of updates, creations and deletions with some
// fields each, a hundred configurations in each namespace.
func manyChanges(count int) *Report {
	configs := make([]config, count)
	for i := range configs {
		c := config{namespace: fmt.Sprintf("namespace-%04d", i/100), name: fmt.Sprintf("configuration-%02d", i%100)}
		object := func(version int) string {
			return fmt.Sprintf(`{"host": "db%d.example.com", "port": %d, "url": "jdbc:postgresql://db%d.example.com:5432/app%d", "enabled": true, "pool": {"max": %d}, "serial": %d}`,
				version, 5000+version, version, i, 10*version, i)
		}
		if i%10 != 1 {
			c.before = object(1)
		}
		if i%10 != 2 {
			c.after = object(2)
		}
		configs[i] = c
	}
	return planOf(configs...)
}

func BenchmarkHTML(b *testing.B) {
	r := manyChanges(10_000)
	b.SetBytes(int64(len(htmlOf(b, r))))
	b.ReportAllocs()
	for b.Loop() {
		if err := HTML(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
