package targettest

import (
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

func missingRoot(p *place) {
	for _, client := range []target.Target{p.target, p.Open()} {
		s := snapshotOf(p, client)
		if s.Exists || len(s.Namespaces) > 0 || len(s.Foreign) > 0 {
			p.Fatalf("the snapshot has the root (%v), %d namespaces and %d foreign objects", s.Exists, len(s.Namespaces), len(s.Foreign))
		}
	}
	if p.target.String() == "" || !target.IsURL(p.target.String()) {
		p.Errorf("the target's URL is %q", p.target)
	}
}

func createAll(p *place) {
	p.become(contents{
		"systemA": {"database": `{"host": "127.0.0.1", "port": 3306}`, "cache": `[1, 2]`},
		"systemB": {"email": `{}`},
	})
	s := p.snapshot()
	if !s.Exists {
		p.Error("the snapshot says that there is no root")
	}
	if s.At.IsZero() {
		p.Error("the snapshot doesn't say when it was taken")
	}
	for key, revision := range revisions(s) {
		if revision == (plan.Revision{}) {
			p.Errorf("%s has the revision of what is absent", key)
		}
	}
}

func changeAll(p *place) {
	p.become(contents{
		"stays": {"same": `{"a": 1}`, "changed": `{"a": 1}`, "deleted": `{"a": 1}`},
		"goes":  {"one": `{}`, "two": `{"b": 2}`},
		"empty": {},
	})
	same := p.live(p.snapshot(), plan.Key{Namespace: "stays", Config: "same"}).Revision
	p.become(contents{
		"stays": {"same": `{"a": 1}`, "changed": `{"a": 2}`, "new": `{"a": 1}`},
		"comes": {"one": `{}`},
	})
	if now := p.live(p.snapshot(), plan.Key{Namespace: "stays", Config: "same"}).Revision; now != same {
		p.Error("what no change was to has another revision")
	}
	if _, exists := p.Read("goes", ""); exists {
		p.Error("a deleted namespace is still there")
	}
	p.become(contents{})
	if !p.snapshot().Exists {
		p.Error("the root is gone with the last namespace")
	}
}

func emptyBatch(p *place) {
	before := p.snapshot()
	p.apply(nil)
	p.unchanged(before)
	p.become(contents{"shop": {"limits": `{}`}})
	before = p.snapshot()
	p.apply(nil)
	p.unchanged(before)
}

func emptyNamespace(p *place) {
	p.become(contents{"empty": {}})
	p.become(contents{"empty": {"config": `{}`}})
	p.become(contents{"empty": {}})
	p.become(contents{})
}

func oddBytes(p *place) {
	all := map[string]string{
		"object":    `{}`,
		"list":      `[]`,
		"escapes":   `{"caf\u00e9": "\ud83d\ude00 \u0000 \ud800"}`,
		"unescaped": `{"café": "😀"}`,
		"integer":   `{"n": 123456789012345678901234567890}`,
		"floats":    `[1.0, 1e+22, 1e-07, NaN, Infinity, -Infinity]`,
		"spaced":    " {\n\t\"a\" :1 }\r\n",
		"repeated":  `{"a": 1, "a": 2}`,
		"scalar":    `null`,
		"large":     padded(100_000),
		"deep":      strings.Repeat("[", 500) + strings.Repeat("]", 500),
	}
	p.become(contents{"bytes": all})
	p.become(contents{"bytes": {}, "other": all})
	s := p.snapshot()
	for config, data := range all {
		p.Write("other", config, []byte(data))
		c := p.live(s, plan.Key{Namespace: "other", Config: config})
		if !c.Value.Same(plan.NewValue([]byte(data))) {
			p.Errorf("%s: the live value is not the one that was written", config)
		}
	}
	p.is(contents{"bytes": {}, "other": all})
}

// notJSON tests values that are not JSON. It omits those that a backend may read as the
// empty configuration.
func notJSON(p *place) {
	for config, data := range map[string]string{
		"text": "host=localhost\n", "half": `{"host": "loc`, "latin1": "{\"caf\xe9\": 1}", "zero": "\x00",
	} {
		p.Write("broken", config, []byte(data))
		c := p.live(p.snapshot(), plan.Key{Namespace: "broken", Config: config})
		if string(c.Value.Reveal()) != data {
			p.Errorf("%s was read as %q", config, c.Value.Reveal())
		}
		if _, err := c.Value.Parse(); err == nil {
			p.Errorf("%s is read as JSON", config)
		}
	}
	p.become(contents{"broken": {"text": `{}`, "half": `{"host": "localhost"}`}})
}

func oddNames(p *place) {
	want, updated := contents{}, contents{}
	for _, key := range p.Names {
		for _, c := range []contents{want, updated} {
			if c[key.Namespace] == nil {
				c[key.Namespace] = map[string]string{}
			}
		}
		if !key.IsNamespace() {
			want[key.Namespace][key.Config] = `{"a": 1}`
			updated[key.Namespace][key.Config] = `{"a": 2}`
		}
	}
	p.become(want)
	p.become(updated)
	p.become(contents{})
}

func refused(p *place) {
	for _, c := range p.Refused {
		err := p.target.Check(c)
		if err == nil {
			p.Errorf("Check takes %s of %.80q with %d bytes", c.Action, c.Key, c.After.Size())
			continue
		}
		if err.Error() == "" {
			p.Errorf("Check refuses %.80q and doesn't say why", c.Key)
		}
		// Check must allow the deletion of such an object.
		if err := p.target.Check(plan.Change{Key: c.Key, Action: plan.Delete}); err != nil {
			p.Errorf("Check refuses to delete %.80q: %v", c.Key, err)
		}
	}
}

func secondClient(p *place) {
	first, second := p.target, p.Open()
	want := contents{"shop": {"limits": `{"max": 3}`}, "empty": {}}
	p.become(want)
	p.target = second
	p.is(want)
	want["shop"]["limits"] = `{"max": 4}`
	p.become(want)
	p.target = first
	p.is(want)
}

func selection(p *place) {
	p.become(contents{
		"shop":   {"limits": `{}`, "debug": `{}`},
		"office": {"limits": `{}`, "debug": `{}`},
		"lab":    {"limits": `{}`},
	})
	tests := []struct {
		name      string
		selection plan.Selection
		want      contents
	}{
		{"one", plan.Selection{Namespaces: []string{"shop"}},
			contents{"shop": {"limits": `{}`, "debug": `{}`}}},
		{"some", plan.Selection{Namespaces: []string{"?ab", "off*"}, Exclude: []string{"*/limits"}},
			contents{"office": {"debug": `{}`}, "lab": {}}},
		{"all but", plan.Selection{Exclude: []string{"office", "shop/debug"}},
			contents{"shop": {"limits": `{}`}, "lab": {"limits": `{}`}}},
		{"none", plan.Selection{Namespaces: []string{"nowhere"}}, contents{}},
	}
	for _, test := range tests {
		s, err := p.target.Snapshot(p.Context(), target.ReadOptions{Selection: test.selection})
		if err != nil {
			p.Fatalf("%s: %v", test.name, err)
		}
		if d := cmp.Diff(map[string]map[string]string(test.want), written(s)); d != "" {
			p.Errorf("%s: the snapshot holds (-want +got):\n%s", test.name, d)
		}
		if !s.Exists {
			p.Errorf("%s: the snapshot says that there is no root", test.name)
		}
	}
}

func progress(p *place) {
	want := contents{"many": {}}
	for i := range 250 {
		want["many"]["config"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+string(rune('a'+i/26))] = `{}`
	}
	p.become(want)
	last, calls := 0, 0
	_, err := p.target.Snapshot(p.Context(), target.ReadOptions{Progress: func(done, total int) {
		if done < last || done > total {
			p.Errorf("progress went from %d to %d of %d", last, done, total)
		}
		last = done
		calls++
	}})
	if err != nil {
		p.Fatal(err)
	}
	if last != len(want["many"]) {
		p.Errorf("progress ended at %d of %d, after %d calls", last, len(want["many"]), calls)
	}
}
