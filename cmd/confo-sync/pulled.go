package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/journal"
	"github.com/confo-sync/confo-sync/source/secret"
	"github.com/confo-sync/confo-sync/target"
)

// pulled is what is live at a target, as a tree that is to be written to an empty folder.
type pulled struct {
	live    *plan.Snapshot
	dir     string // the folder
	tree    *plan.Tree
	options source.WriteOptions
	files   []source.Revised
	left    []plan.Finding // what can't be written
	// resolver decrypts what was encrypted in the files.
	resolver *secret.Resolver
	// hides finds the sensitive values in the tree.
	hides plan.Sensitivity
	// written is the tree as the files declare it, once they are written.
	written *plan.Tree
}

// encrypt encrypts the sensitive values in the files.
func (p *pulled) encrypt(a *app, recipients *secret.Recipients) error {
	files, err := source.EncryptLaid(p.dir, p.files, p.hides, a.sealing(recipients))
	if err == nil {
		p.files = files
	}
	p.resolver = a.resolver(p.dir)
	return err
}

// countEncrypted counts again, once the files are written, which sensitive values are in plain
// text in them, and returns how many are encrypted.
func (p *pulled) countEncrypted(a *app) int {
	plain := p.inPlain()
	encrypted := a.report.Written.Sensitive - plain
	a.report.Written.Sensitive = plain
	return encrypted
}

// inPlain counts the sensitive values that were written in plain text.
func (p *pulled) inPlain() int {
	count := 0
	for key, value := range valuesOf(p.written) {
		count += plan.Change{Key: key, Action: plan.Create, After: value}.SensitiveAfter(p.hides, value.SensitivePaths())
	}
	return count
}

// pull reads what is live at a target, as a tree.
func (a *app) pull(ctx context.Context, t target.Target, split bool, access accessOf) (*pulled, error) {
	live, err := a.snapshot(ctx, t, access)
	if err == nil {
		err = a.checkSelection()
	}
	if err != nil {
		return nil, err
	}
	if len(live.Namespaces) == 0 {
		return nil, a.nothingToPull(ctx, t, live)
	}
	p := &pulled{live: live, options: source.WriteOptions{Split: split}}
	p.tree, p.left = source.Expressible(live.Tree(), p.options)
	return p, nil
}

// ignore returns patterns that match what is left out. What they also match in the tree is
// left out, too: a tree can't declare what is ignored.
func (p *pulled) ignore() []string {
	var texts []string
	var patterns []plan.Pattern
	for _, f := range p.left {
		text := plan.PatternLevel(f.Key.Namespace)
		if !f.Key.IsNamespace() {
			text += "/" + plan.PatternLevel(f.Key.Config)
		}
		if pattern, err := plan.ParsePattern(text); err == nil {
			texts, patterns = append(texts, text), append(patterns, pattern)
		}
	}
	ignored := func(k plan.Key) bool {
		i := slices.IndexFunc(patterns, func(pattern plan.Pattern) bool { return pattern.MatchKey(k) })
		if i >= 0 {
			p.left = append(p.left, plan.Finding{Key: k, Message: "left out: it matches " + plan.Quote(texts[i]) + ", which ignores another object"})
		}
		return i >= 0
	}
	p.tree.Namespaces = slices.DeleteFunc(p.tree.Namespaces, func(ns plan.Namespace) bool { return ignored(plan.Key{Namespace: ns.Name}) })
	for i := range p.tree.Namespaces {
		ns := &p.tree.Namespaces[i]
		ns.Configs = slices.DeleteFunc(ns.Configs, func(c plan.Config) bool { return ignored(plan.Key{Namespace: ns.Name, Config: c.Name}) })
	}
	return texts
}

// lay makes the files of the tree.
func (a *app) lay(p *pulled, dir string) error {
	files, written, err := source.Lay(dir, p.tree, p.options)
	if err != nil {
		return err
	}
	p.dir, p.files, p.hides = dir, files, a.hides().Of(p.tree, p.live)
	a.report.Written = &render.Written{
		Files: written.Files, Namespaces: len(p.tree.Namespaces), Configurations: p.tree.Configs(),
		Sensitive: p.hides.Count(p.tree),
	}
	return nil
}

// save writes the files, and others with them. If they do not read as what is live, it
// removes them.
func (p *pulled) save(ctx context.Context, to journal.Tree, others ...source.Revised) error {
	files := append(p.files, others...)
	if err := source.SaveFiles(to, files); err != nil {
		return err
	}
	if p.tree == nil { // init's example
		return nil
	}
	written, err := writtenIs(ctx, to.Dir, p.tree, p.resolver)
	if err != nil {
		return errors.Join(err, source.SaveFiles(to, source.Reversed(files)))
	}
	p.written = written
	return nil
}

// writtenIs reads what was written, compares it with what was to be, and returns it.
func writtenIs(ctx context.Context, dir string, tree *plan.Tree, resolver *secret.Resolver) (*plan.Tree, error) {
	reread, found, err := source.Load(ctx, dir, source.LoadOptions{References: source.References{Resolver: resolver}})
	if err != nil {
		return nil, fmt.Errorf("read what was written: %w", err)
	}
	var problems []string
	for _, f := range found.Errors {
		problems = append(problems, f.Error())
	}
	if len(problems) == 0 {
		for _, c := range plan.Diff(reread, tree.Snapshot(), plan.Options{Prune: plan.PruneNamespaces}).Changes {
			problems = append(problems, plan.Printable(c.Key.String())+" reads differently")
		}
	}
	if len(problems) > 0 {
		return nil, &plan.Listing{
			Err:   fmt.Errorf("what was written to %s does not read as what is live (please report this)", plan.Printable(dir)),
			Names: problems,
		}
	}
	return reread, nil
}
