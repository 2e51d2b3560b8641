package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

var about = About{Target: "zk://zk1:2181/confo", Backend: ZooKeeper, Time: time.Date(2026, 11, 24, 13, 54, 5, 0, time.UTC), Tool: "test"}

// TestWriteFails takes the file away from under the writer, as a full disk does.
func TestWriteFails(t *testing.T) {
	for name, n := range map[string]int{"while adding": 40_000, "when finishing": 10} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := Create(filepath.Join(dir, "x"), about, Options{})
			if err != nil {
				t.Fatal(err)
			}
			w.place.file.Close()
			err = w.Add(plan.Stored{Path: ""})
			data := make([]byte, 1000)
			for i := 0; i < n && err == nil; i++ {
				name := fmt.Sprintf("%06d", i)
				for j := range data {
					data[j] = byte(i*7919 + j*j*31) // hard to compress
				}
				err = w.Add(plan.Stored{Path: name, Key: plan.Key{Namespace: name}, Value: plan.NewValue(data)})
			}
			if n > 1000 && !errors.Is(err, fs.ErrClosed) {
				t.Errorf("adding: %v", err)
			}
			if _, err := w.Finish(0); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("finishing: %v", err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("%v stays, %v", entries, err)
			}
		})
	}
}
