package source

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// LoadConfig reads a file that holds one configuration and is no part of a tree, with
// what its references stand for. When there are errors among the findings, the value
// is of no use. The error is the context's, or says why the file can't be read.
func LoadConfig(ctx context.Context, path string, refs References) (plan.Node, Findings, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return plan.Node{}, Findings{}, err
	}
	ext := extension(path)
	u := unit{path: path, shown: path, config: strings.TrimSuffix(filepath.Base(path), ext), json: isJSON(ext), references: refs}
	p := u.parse(ctx, newWorkers(), data)
	if ctx.Err() != nil || len(p.findings.Errors) > 0 || len(p.configs) == 0 {
		return plan.Node{}, p.findings, ctx.Err()
	}
	n, err := plan.Decode(p.configs[0].Value.Reveal())
	return n, p.findings, err
}
