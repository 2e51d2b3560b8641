// Package plan defines configurations, compares a tree with the live state of a target,
// and describes the differences as a plan.
//
// It defines the main types (Key, Value, Tree, Snapshot, Change, Edit, Plan). It
// decides when two values are equal, which bytes are written, and which values are
// sensitive. Package source reads trees. Package target reads snapshots and applies
// changes. Package plan/render shows plans. This package only computes: it uses no
// files, no network and no clock.
//
//	p := plan.Diff(tree, snapshot, plan.Options{Prune: plan.PruneConfigurations})
//	for _, c := range p.Changes {
//		fmt.Println(c.Action, c.Key)
//	}
package plan
