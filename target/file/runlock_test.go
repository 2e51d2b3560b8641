//go:build unix

package file

import (
	"errors"
	"os"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// A run whose lock is gone writes nothing more: somebody has removed its file, and
// another run may have begun since.
func TestRunLosesItsLock(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, root string){
		"removed": func(t *testing.T, root string) { must(t, os.Remove(root+".confo-sync/run")) },
		"taken by another": func(t *testing.T, root string) {
			must(t, os.Remove(root+".confo-sync/run"))
			w, err := open(t, root).Begin(t.Context(), target.Run{ID: "second"})
			must(t, err)
			t.Cleanup(func() { must(t, w.End()) })
		},
		"all is removed": func(t *testing.T, root string) { must(t, os.RemoveAll(root+".confo-sync")) },
	} {
		t.Run(name, func(t *testing.T) {
			before := tree{"shop/a.json": `1`}
			root := plant(t, before)
			f := open(t, root)
			w, err := f.Begin(t.Context(), target.Run{ID: "first"})
			must(t, err)
			defer w.End()
			lose(t, root)
			err = w.Apply(t.Context(), target.Batch{Number: 1, Changes: []plan.Change{create("lab", "", "")}})
			var lost *target.LockLost
			if !errors.As(err, &lost) || lost.Applied {
				t.Errorf("Apply: got %v, want that the lock is lost", err)
			}
			if err := w.SetDocuments(t.Context(), target.Document{Name: target.OwnerDocument, After: []byte("mine")}); !errors.As(err, &lost) {
				t.Errorf("SetDocuments: got %v, want that the lock is lost", err)
			}
			if _, err := os.Lstat(root + "/lab"); err == nil {
				t.Error("it was written without the lock")
			}
		})
	}
}
