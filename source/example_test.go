package source_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/source"
)

// Read a tree of YAML files.
func ExampleLoad() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	_ = os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte("database:\n  host: db1\n  port: 3306\nmail: {}\n"), 0o644)
	tree, _, err := source.Load(context.Background(), dir, source.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, ns := range tree.Namespaces {
		for _, c := range ns.Configs {
			fmt.Printf("%s/%s at line %d: %s\n", ns.Name, c.Name, c.Position.Line, c.Value.Reveal())
		}
	}
	// Output:
	// shop/database at line 1: {"host": "db1", "port": 3306}
	// shop/mail at line 4: {}
}
