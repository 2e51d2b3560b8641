package apply_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/target/open"
)

// Load a tree, make the plan, show it, and apply it.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "config")
	_ = os.Mkdir(config, 0o755)
	_ = os.WriteFile(filepath.Join(config, "shop.yaml"), []byte("database: {host: db1, port: 3306}\n"), 0o644)

	ctx := context.Background()
	tree, _, err := source.Load(ctx, config, source.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	t, err := open.URL("file:"+filepath.Join(dir, "live"), open.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	prepared, err := apply.Prepare(ctx, t, tree, apply.Policy{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range prepared.Plan.Changes {
		fmt.Println(c.Action, c.Key)
	}
	result, err := prepared.Run(ctx, apply.Options{Who: "example", Tool: "example"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(result.Applied), "changes applied in", result.Transactions, "transaction")
	// Output:
	// create shop
	// create shop/database
	// 2 changes applied in 1 transaction
}
