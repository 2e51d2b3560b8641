package targettest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// history tests that entries can be listed, read in the order of their names, and
// removed. A batch with a conflict writes no entry.
func history(p *place) {
	list := func() (all []string) {
		p.Helper()
		infos, err := p.target.HistoryNames(p.Context(), true)
		if err != nil {
			p.Fatal(err)
		}
		for _, info := range infos {
			if info.Size != 1 {
				p.Errorf("%s has the size %d", info.Name, info.Size)
			}
			all = append(all, info.Name)
		}
		return all
	}
	read := func(names ...string) string {
		p.Helper()
		var all []string
		err := p.target.History(p.Context(), names, func(e target.Entry) error {
			all = append(all, e.Name+"="+string(e.Data))
			return e.Err
		})
		if err != nil {
			p.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	apply := func(id string, number int, c plan.Change) error {
		w, err := p.target.Begin(p.Context(), target.Run{ID: id, Wait: prompt})
		if err != nil {
			p.Fatal(err)
		}
		defer w.End()
		return w.Apply(p.Context(), target.Batch{Number: number, Changes: []plan.Change{c}, Entry: []byte(id)})
	}
	if got := list(); len(got) > 0 {
		p.Errorf("before anything was applied there is %s", got)
	}
	namespace := func(name string) plan.Change {
		return plan.Change{Key: plan.Key{Namespace: name}, Action: plan.Create}
	}
	for i, id := range []string{"b", "a", "c"} {
		if err := apply(id, i+1, namespace(fmt.Sprint("ns", i))); err != nil {
			p.Fatal(err)
		}
	}
	if err := apply("d", 1, namespace("ns0")); err == nil {
		p.Error("what is there was made again")
	}
	if got, want := strings.Join(list(), " "), "a.0002 b.0001 c.0003"; got != want {
		p.Errorf("there is %q, want %q", got, want)
	}
	if got, want := read(list()...), "a.0002=a b.0001=b c.0003=c"; got != want {
		p.Errorf("there is %q, want %q", got, want)
	}
	if got, want := read("b.0001", "b.0002"), "b.0001=b"; got != want {
		p.Errorf("there is %q, want %q", got, want)
	}
	w, err := p.target.Begin(p.Context(), target.Run{ID: "e", Wait: prompt})
	if err != nil {
		p.Fatal(err)
	}
	defer w.End()
	if err := w.Forget(p.Context(), []string{"a.0002", "b.0002", "b.0001"}); err != nil {
		p.Error(err)
	}
	if got, want := read(list()...), "c.0003=c"; got != want {
		p.Errorf("there is left %q, want %q", got, want)
	}
}

// documents tests that a new target has no owner and no marks, and that every client
// reads the last written ones.
func documents(p *place) {
	other := p.Open()
	for _, want := range []string{"", "first", "second"} {
		if want != "" {
			w, err := p.target.Begin(p.Context(), target.Run{ID: "a", Wait: prompt})
			if err != nil {
				p.Fatal(err)
			}
			document := func(name, before, after string) target.Document {
				d := target.Document{Name: name, After: []byte(after)}
				if before != "" {
					d.Before = []byte(before)
				}
				return d
			}
			before := ""
			if want == "second" {
				before = "first"
			}
			for _, stale := range []string{"other", "first"} {
				if stale == before {
					continue
				}
				err := w.SetDocuments(p.Context(), document(target.OwnerDocument, before, "lost"), document(target.MarksDocument, stale+" marks", "lost"))
				if !errors.Is(err, target.ErrDocumentMoved) {
					p.Errorf("marks were set in place of %q: %v", stale, err)
				}
			}
			marks := before
			if marks != "" {
				marks += " marks"
			}
			if err := w.SetDocuments(p.Context(), document(target.OwnerDocument, before, want), document(target.MarksDocument, marks, want+" marks")); err != nil {
				p.Error(err)
			}
			w.End()
		}
		for _, client := range []target.Target{p.target, other} {
			got, err := client.Owner(p.Context())
			if err != nil || string(got) != want {
				p.Errorf("the owner is %q, want %q: %v", got, want, err)
			}
			got, err = client.Marks(p.Context())
			if err != nil || strings.TrimSuffix(string(got), " marks") != want {
				p.Errorf("the marks are %q, want those of %q: %v", got, want, err)
			}
		}
	}
	if s := p.snapshot(); s.Exists {
		p.Error("claiming a target makes its root")
	}
}
