package open_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/open"
)

// Read what a target holds.
func ExampleURL() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	_ = os.Mkdir(filepath.Join(dir, "shop"), 0o755)
	_ = os.WriteFile(filepath.Join(dir, "shop", "mail.json"), []byte(`{"port": 25}`), 0o644)
	t, err := open.URL("file:"+dir, open.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	snapshot, err := t.Snapshot(context.Background(), target.ReadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, ns := range snapshot.Namespaces {
		for _, c := range ns.Configs {
			fmt.Println(ns.Name, c.Name, string(c.Value.Reveal()))
		}
	}
	// Output: shop mail {"port": 25}
}
