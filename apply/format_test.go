package apply

import (
	"fmt"
	"os"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

// TestFormats: entries as each version has written them can be read, shown and undone.
func TestFormats(t *testing.T) {
	for version := 1; version <= entryVersion; version++ {
		stored, err := os.ReadFile(fmt.Sprintf("../fixtures/formats/history-%d.entry", version))
		if err != nil {
			t.Fatal(err)
		}
		e, err := DecodeEntry(stored)
		if err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if e.Version != version || e.Reason != "a change" || e.Create != 1 || e.Update != 1 || e.Delete != 1 {
			t.Errorf("version %d: the header is %+v", version, e.Header)
		}
		value := func(text string) plan.Value { return plan.NewValue([]byte(text)) }
		live := &plan.Snapshot{Exists: true, Namespaces: []plan.LiveNamespace{{Name: "shop", Configs: []plan.LiveConfig{
			{Name: "db", Value: value(`{"host": "db2", "port": 5432}`)}, {Name: "new", Value: value(`{"a": 1}`)},
		}}}}
		changes, _ := Changes([]*Entry{e}, nil, live)
		said := ""
		for _, c := range changes {
			said += fmt.Sprintf("%s %s %q %q\n", c.Action, c.Key, c.Before.Reveal(), c.After.Reveal())
		}
		if want := `update shop/db "{\"host\": \"db1\", \"port\": 5432}" "{\"host\": \"db2\", \"port\": 5432}"
delete shop/mail "{\"port\": 25}" ""
create shop/new "" "{\"a\": 1}"
`; said != want {
			t.Errorf("version %d: the changes are\n%s", version, said)
		}
		undo := Undone([]*Entry{e}, plan.Selection{}).Rollback(live)
		if len(undo.Moved) > 0 || len(undo.Wishes) != 3 {
			t.Errorf("version %d: the rollback is %v", version, undo)
		}
	}
}
