//go:build unix

package file

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// kept is a dump: by path what was read, or why it was not.
type kept struct {
	target.Dump
	read map[string]string
}

func (k kept) Add(s plan.Stored) error {
	k.read[s.Path] = string(s.Value.Reveal())
	return nil
}

func (k kept) Gap(path, why string) { k.read[path] = why }

// A link that is not to be followed has nothing behind it read, by whatever reads.
func TestFollow(t *testing.T) {
	for link, want := range map[string]map[string]string{
		"confo/lab":         {"": "", "shop": "", "shop/a.json": `1`, "lab": "it is refused"},
		"confo/shop/x.json": {"": "", "shop": "", "shop/a.json": `1`, "shop/x.json": "it is refused"},
		"link":              {},
	} {
		t.Run(link, func(t *testing.T) {
			elsewhere := plant(t, tree{"shop/x.json": `"elsewhere"`})
			root := plant(t, tree{"shop/a.json": `1`})
			to := map[string]string{"confo/lab": "shop", "confo/shop/x.json": "shop/x.json"}[link]
			link := filepath.Join(filepath.Dir(root), link)
			must(t, os.Symlink(filepath.Join(elsewhere, to), link))
			if filepath.Base(link) == "link" {
				root = link
			}
			refused := errors.New("it is refused")
			f, err := Open(root, Options{Follow: func(path string) error {
				if path == link {
					return refused
				}
				return nil
			}})
			must(t, err)

			_, err = f.Snapshot(t.Context(), target.ReadOptions{})
			if !errors.Is(err, refused) {
				t.Errorf("Snapshot: got %v", err)
			}
			for _, c := range []plan.Change{update("lab", "x", `2`), update("shop", "x", `2`)} {
				var moved *target.Conflict
				if err := f.Apply(t.Context(), []plan.Change{c}); !errors.Is(err, refused) && !errors.As(err, &moved) || moved != nil && moved.Moved[0].Exists {
					t.Errorf("Apply: got %v", err)
				}
			}
			dumped := kept{read: map[string]string{}}
			if _, err := f.Dump(t.Context(), dumped, nil); err != nil && (!errors.Is(err, refused) || root != link) {
				t.Errorf("Dump: got %v", err)
			}
			if d := cmp.Diff(want, dumped.read); d != "" {
				t.Errorf("Dump (-want +got):\n%s", d)
			}
		})
	}
}
