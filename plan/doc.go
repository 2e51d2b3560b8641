// Package plan is the heart of confo-sync: what a tree of configurations is,
// when two configurations are equal, what differs between a desired tree and a
// live snapshot, and what a plan made of those differences looks like.
//
// It owns the words (Key, Value, Tree, Snapshot, Change, Edit, Plan) and the
// rules of equality, of the bytes that are written, and of what is sensitive.
// It leaves to others where a tree comes from (package source), where a
// snapshot comes from and a change goes to (package target), and how a plan is
// shown (package plan/render). Everything here is a pure value: no files, no
// network, no clock.
//
//	p := plan.Diff(tree, snapshot, plan.Options{Prune: plan.PruneConfigurations})
//	for _, c := range p.Changes {
//		fmt.Println(c.Action, c.Key)
//	}
package plan
