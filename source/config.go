package source

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
)

// ParseConfig reads the content of a file that holds one configuration and is no part
// of a tree, with what its references stand for. The path says the format, and !file
// counts from it. When there are errors among the findings, the value is of no use. The
// error is the context's.
func ParseConfig(ctx context.Context, path string, content []byte, refs References) (plan.Node, Findings, error) {
	ext := extension(path)
	u := unit{path: path, shown: path, config: strings.TrimSuffix(filepath.Base(path), ext), json: isJSON(ext), references: refs}
	p := u.parse(ctx, newWorkers(), content)
	if ctx.Err() != nil || len(p.findings.Errors) > 0 || len(p.configs) == 0 {
		return plan.Node{}, p.findings, ctx.Err()
	}
	n, err := plan.Decode(p.configs[0].Value.Reveal())
	return n, p.findings, err
}
