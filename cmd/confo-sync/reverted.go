package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source"
)

// reverted warns of changes to the target of an environment that its tree does not have. The
// next apply, perhaps that of a pipeline, would revert them. The last of declared is the tree;
// without one, there is no warning. hint returns the hint from the command that pulls the
// changes into the tree.
func (a *app) reverted(changes []plan.Change, declared []*plan.Tree, hint func(pull string) string) []plan.Finding {
	if a.environment == nil || len(declared) == 0 {
		return nil
	}
	var names []string
	for _, key := range plan.Undeclared(changes, declared[len(declared)-1], source.IsUnknown) {
		names = append(names, key.String())
	}
	if len(names) == 0 {
		return nil
	}
	to := a.environment.Name
	return []plan.Finding{{
		Message: fmt.Sprintf("the tree of %s does not have these changes, so its next apply reverts them: %s", plan.Printable(to), plan.ListNames(names)),
		Hint:    hint(fmt.Sprintf("\"confo-sync pull -e %s\" afterwards", shellWord(to))),
	}}
}

// pullHint is the hint of changes that only a pull brings into the tree.
func pullHint(pull string) string { return "change the tree too: run " + pull }

// revertHint returns the hint of a rollback. If it undoes one apply of a commit, git can undo
// the change in the tree too.
func revertHint(undone []*apply.Record) func(pull string) string {
	var commit string
	if len(undone) == 1 && undone[0].Operation == "" { // others do not apply a tree
		commit = undone[0].Commit
	}
	if commit == "" || strings.HasSuffix(commit, "+") { // with changes that are in no commit
		return pullHint
	}
	return func(pull string) string {
		return fmt.Sprintf("change the tree too: run \"git revert %s\" (the commit of this apply), or %s", plan.Printable(render.ShortCommit(commit)), pull)
	}
}

// undoneObjects returns what a rollback is about: the objects before the applies that it undoes,
// and as they are now.
func undoneObjects(undo apply.Rollback, live *plan.Snapshot) (before *plan.Tree, now *plan.Snapshot) {
	objects := map[plan.Key]bool{}
	for _, w := range undo.Wishes {
		objects[w.Key] = true
	}
	for k := range undo.Access {
		objects[k] = true
	}
	now = &plan.Snapshot{}
	for _, ns := range live.Namespaces {
		ns.Configs = slices.DeleteFunc(slices.Clone(ns.Configs), func(c plan.LiveConfig) bool {
			return !objects[plan.Key{Namespace: ns.Name, Config: c.Name}]
		})
		if len(ns.Configs) > 0 || objects[plan.Key{Namespace: ns.Name}] {
			now.Namespaces = append(now.Namespaces, ns)
		}
	}
	return plan.Wished(&plan.Snapshot{}, undo.Wishes, plan.Options{}), now
}
