package planfile_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/planfile"
	"github.com/confo-sync/confo-sync/plan/render"
)

// TestMain lowers the cost: with the race detector it would be seconds.
func TestMain(m *testing.M) {
	planfile.Cost = 1 << 4
	m.Run()
}

func change(name, after string) plan.Change {
	return plan.Change{
		Key: plan.Key{Namespace: "ns", Config: name}, Action: plan.Update, Revision: plan.Revision{1},
		Before: plan.NewValue([]byte(`{"a": 0, "password": "old"}`)), After: plan.NewValue([]byte(after)),
	}
}

func work() planfile.Work {
	return planfile.Work{
		Target:  "zk://zk1/confo",
		Options: plan.Options{Selection: plan.Selection{Namespaces: []string{"ns"}, Exclude: []string{"x", "y"}}},
		Changes: []plan.Change{change("a", `{"a": 1}`), change("b", `{"a": 2}`)},
	}
}

// TestFingerprint: it fits the plan that it was made of, and no other.
func TestFingerprint(t *testing.T) {
	f := planfile.Of(work())
	again, err := planfile.Parse(f.String())
	if err != nil || again != f {
		t.Fatalf("%s reads as %s: %v", f, again, err)
	}
	if !f.Matches(work()) {
		t.Error("it does not fit its own plan")
	}
	if planfile.Of(work()) == f {
		t.Error("made again, it is the same: guesses could be prepared")
	}
	for what, alter := range map[string]func(*planfile.Work){
		"another target":    func(w *planfile.Work) { w.Target += "/x" },
		"another prune":     func(w *planfile.Work) { w.Options.Prune = plan.PruneNone },
		"another selection": func(w *planfile.Work) { w.Options.Selection.Namespaces = nil },
		"patterns in others": func(w *planfile.Work) {
			w.Options.Selection.Exclude = []string{"x"}
			w.Options.Selection.Namespaces = []string{"ns", "y"}
		},
		"another value":         func(w *planfile.Work) { w.Changes[1] = change("b", `{"a": 3}`) },
		"another form of value": func(w *planfile.Work) { w.Changes[1] = change("b", `{"a":2}`) },
		"another revision":      func(w *planfile.Work) { w.Changes[0].Revision[23] = 1 },
		"another action":        func(w *planfile.Work) { w.Changes[0].Action = plan.Create },
		"another name":          func(w *planfile.Work) { w.Changes[0].Key.Config = "aa" },
		"a name cut elsewhere":  func(w *planfile.Work) { w.Changes[0].Key = plan.Key{Namespace: "n", Config: "sa"} },
		"a change less":         func(w *planfile.Work) { w.Changes = w.Changes[:1] },
		"an ACL": func(w *planfile.Work) {
			w.Options.Access = []plan.AccessRule{{Root: true, Text: []string{"world:anyone:r"}}}
		},
		"a recorded list": func(w *planfile.Work) {
			w.Changes[0].Recorded = true
			w.Options.Recorded = &plan.Recorded{Lists: map[plan.Key]plan.Access{w.Changes[0].Key: {"world:anyone:r"}}}
		},
		"a list to be set": func(w *planfile.Work) { w.Access = []plan.Change{{Old: plan.Meta{Version: 1}}} },
		"no change":        func(w *planfile.Work) { w.Changes = nil },
	} {
		w := work()
		alter(&w)
		if f.Matches(w) {
			t.Errorf("it fits %s", what)
		}
	}
	empty := work()
	empty.Changes = nil
	if f := planfile.Of(empty); !f.Matches(empty) || f.Matches(work()) {
		t.Error("a plan without changes is not told from one with them")
	}
	text := f.String()
	for _, bad := range []string{"", "p1-", "p2-" + text[3:], text[:len(text)-1], text + "a", text[:5] + "1" + text[6:]} {
		if _, err := planfile.Parse(bad); err == nil {
			t.Errorf("%q is taken for a fingerprint", bad)
		}
	}
}

func saved(t interface{ Fatal(...any) }, w planfile.Work) (f *planfile.File, stored []byte) {
	r := render.New(render.KindPlan, w.Target, "config")
	r.Add(&plan.Plan{Changes: w.Changes}, 1, plan.Sensitivity{})
	fp := planfile.Of(w)
	f = &planfile.File{Header: planfile.Header{
		Tool: "confo-sync test", Fingerprint: fp.String(), Source: "config", Target: w.Target, Objects: planfile.Objects(w.Changes, true),
		Tree: planfile.TreeSum(fp, &plan.Tree{}), Live: planfile.LiveSum(fp, &plan.Snapshot{}),
	}, Report: r}
	var b bytes.Buffer
	if err := planfile.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return f, b.Bytes()
}

// TestFile: what is saved is read again, in every form that it is shown in.
func TestFile(t *testing.T) {
	w := work()
	w.Changes[0].After = plan.NewValue([]byte(`{"a": [NaN, 1e400, 1.0, 12345678901234567890123, "(sensitive #1)", "\ud800", "é"], "password": {"x": ["new", "url"]}, "j": "{\"pwd\": 1}"}`))
	w.Changes[1].After = plan.NewValue([]byte(`{"l": [{"name": "x"}, {"name": "y"}]}`))
	w.Changes[1].Before = plan.NewValue([]byte(`{"l": [{"name": "y"}, {"name": "x"}], "t": 1}`))
	f, stored := saved(t, w)
	if regexp.MustCompile(`\\?"(old|new)\\?"`).Match(stored) { // letters alone may be in a fingerprint
		t.Error("the file holds a secret")
	}
	read, err := planfile.Read(stored)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]func(r *render.Report) (string, error){
		"text": func(r *render.Report) (string, error) {
			var b strings.Builder
			err := render.Text(&b, r, render.TextOptions{})
			return b.String(), err
		},
		"JSON": func(r *render.Report) (string, error) {
			var b strings.Builder
			err := render.JSON(&b, r)
			return b.String(), err
		},
		"Markdown": func(r *render.Report) (string, error) {
			var b strings.Builder
			err := render.Markdown(&b, r, render.MarkdownOptions{})
			return b.String(), err
		},
	} {
		want, err := form(f.Report)
		if err != nil {
			t.Fatal(err)
		}
		got, err := form(read.Report)
		if err != nil {
			t.Fatal(err)
		}
		// A text that looks like a masked one is shown as such.
		want = strings.ReplaceAll(want, `1e400, 1.0, 12345678901234567890123, "(sensitive #1)"`, `1e400, 1.0, 12345678901234567890123, (sensitive #1)`)
		if name != "JSON" && got != want {
			t.Errorf("%s of what was read is\n%s\nnot\n%s", name, got, want)
		}
	}
}

// TestDamaged: a file that was cut or changed anywhere is not taken.
func TestDamaged(t *testing.T) {
	_, stored := saved(t, work())
	for at := range len(stored) - 1 {
		if _, err := planfile.Read(stored[:at]); err == nil {
			t.Errorf("cut after %d bytes it is taken", at)
		}
		for bit := range 8 {
			damaged := bytes.Clone(stored)
			damaged[at] ^= 1 << bit
			if _, err := planfile.Read(damaged); err == nil {
				t.Errorf("damaged at byte %d it is taken: %s", at, damaged)
			}
		}
	}
	newer := bytes.Replace(stored, []byte(`"version":1`), []byte(`"version":2`), 1)
	var e *planfile.NewerError
	if _, err := planfile.Read(newer); !errors.As(err, &e) || e.Tool != "confo-sync test" {
		t.Errorf("of a newer version: %v", err)
	}
}

// TestCompare: what moved, and on which side.
func TestCompare(t *testing.T) {
	w := work()
	f, _ := saved(t, w)
	fp, err := planfile.Parse(f.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	otherTree := &plan.Tree{Namespaces: []plan.Namespace{{Name: "x"}}}
	otherLive := &plan.Snapshot{Namespaces: []plan.LiveNamespace{{Name: "x"}}}
	since := func(r plan.Revision, _ int64) bool { return r[0] == 2 }
	for _, test := range []struct {
		rule       string
		changes    []plan.Change
		tree, live bool
		want       string
	}{
		{"a value in the tree", []plan.Change{change("a", `{"a": 9}`), w.Changes[1]}, true, false, "ns/a tree"},
		{"one less", w.Changes[:1], true, false, "ns/b tree"},
		{"one less, as it is there already", w.Changes[:1], false, true, "ns/b target"},
		{"one more", append(w.Changes[:2:2], change("c", "{}")), true, false, "ns/c tree"},
		{"a revision", []plan.Change{revised("a", `{"a": 1}`), w.Changes[1]}, false, true, "ns/a target"},
		{"a revision, and a value elsewhere", []plan.Change{revised("a", `{"a": 1}`), change("b", `{"a": 7}`)}, true, true, "ns/a target, ns/b tree"},
		{"both, one more", append(w.Changes[:2:2], revised("c", "{}"), change("d", "{}")), true, true, "ns/c target, ns/d tree"},
		{"both, one less", w.Changes[:1], true, true, "ns/b either"},
		{"a secret, of which nothing is shown", []plan.Change{change("a", `{"a": 1}`), w.Changes[1]}, true, false, "ns/a tree?, ns/b tree?"},
	} {
		r := render.New(render.KindPlan, w.Target, "config")
		r.Add(&plan.Plan{Changes: test.changes}, 1, plan.Sensitivity{})
		now := planfile.Now{Changes: test.changes, Report: r, Desired: &plan.Tree{}, Live: &plan.Snapshot{}, Since: since}
		if test.tree {
			now.Desired = otherTree
		}
		if test.live {
			now.Live = otherLive
		}
		var got []string
		for _, m := range f.Compare(fp, now) {
			text := fmt.Sprintf("%s %s", m.Key, m.Side)
			if m.Maybe {
				text += "?"
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: %q, want %q", test.rule, strings.Join(got, ", "), test.want)
		}
	}
}

func revised(name, after string) plan.Change {
	c := change(name, after)
	c.Revision[0] = 2
	return c
}

// BenchmarkFingerprint: what a plan with changes costs more, and a guess.
func BenchmarkFingerprint(b *testing.B) {
	planfile.Cost = 1 << 14
	w := work()
	for b.Loop() {
		planfile.Of(w)
	}
}

// TestReadIsBounded reads plan files of objects that take much more memory than text, and
// of names that no target has. They are refused before anything is made of them.
func TestReadIsBounded(t *testing.T) {
	header := func(objects string, source int) string {
		return `{"format":"confo-sync/plan-file","version":1,"source":"` + strings.Repeat("x", source) + `","objects":[` + objects + "{}]}\n"
	}
	for what, data := range map[string]string{
		"objects":       header(strings.Repeat("{},", 200_000), 1) + "{}\n",
		"lines":         header("", 1) + strings.Repeat("{}\n", 200_000),
		"a long source": header("", 1<<20) + "{}\n",
	} {
		sum := sha256.Sum256([]byte(data))
		data += fmt.Sprintf("{\"sha256\":\"%x\"}\n", sum)
		if _, err := planfile.Read([]byte(data)); !errors.Is(err, planfile.ErrNotPlan) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
