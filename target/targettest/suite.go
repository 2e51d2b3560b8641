// Package targettest has the conformance tests for backends. They check the contract of
// package target. A backend provides a function that creates an empty place, with
// functions that access the place as Confo does:
//
//	func TestConformance(t *testing.T) {
//		targettest.Run(t, func(t *testing.T) targettest.Fixture {
//			root := newEmptyRoot(t)
//			return targettest.Fixture{
//				Open:   func() target.Target { return open(t, root) },
//				Write:  func(ns, config string, data []byte) { … },
//				Delete: func(ns, config string) { … },
//				Read:   func(ns, config string) ([]byte, bool) { … },
//			}
//		})
//	}
package targettest

import (
	"testing"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// Fixture is an empty place without a root, with functions that access it without the
// backend. These functions fail the test on an error.
type Fixture struct {
	// Open returns a new client of the place. The fixture closes it.
	Open func() target.Target

	// Write writes a configuration as Confo does. It creates the namespace and the root
	// if necessary. If config is empty, it only creates the namespace.
	Write func(namespace, config string, data []byte)
	// Delete deletes a configuration. If config is empty, it deletes the namespace and
	// everything in it.
	Delete func(namespace, config string)
	// Read returns the stored bytes of a configuration, and whether it exists. If
	// config is empty, it reports whether the namespace exists.
	Read func(namespace, config string) (data []byte, exists bool)

	// PutForeign creates a foreign object in a namespace that prevents deleting the
	// namespace. intact reports whether the object still exists. PutForeign is nil if
	// the backend has no such objects. It may write the configuration "foreign".
	PutForeign func(namespace string) (intact func() bool)

	// Hold starts a run in another process, and returns a function that kills the
	// process. Use the function Hold of this package.
	Hold func(run target.Run) (kill func())

	// Names are unusual names that the backend supports.
	Names []plan.Key
	// Refused are changes that Check must refuse.
	Refused []plan.Change
	// ContentRevisions says that writing the same bytes again does not change the
	// revision of an object.
	ContentRevisions bool
}

// Run runs the tests. Each test gets its own place.
func Run(t *testing.T, newFixture func(t *testing.T) Fixture) {
	tests := []struct {
		name string
		test func(*place)
	}{
		{"a snapshot of a missing root is empty and makes nothing", missingRoot},
		{"a namespace and its configurations are made in one batch", createAll},
		{"updates and deletions of all kinds are made in one batch", changeAll},
		{"an empty batch changes nothing", emptyBatch},
		{"a namespace may be empty", emptyNamespace},
		{"bytes are stored as they are", oddBytes},
		{"what Confo can't read is read as it is, and replaced", notJSON},
		{"odd names are held", oddNames},
		{"what can't be held is refused", refused},
		{"a second client sees what the first one wrote", secondClient},
		{"the selection is obeyed", selection},
		{"progress reaches its total", progress},

		{"a value that was changed is a conflict", conflictChanged},
		{"a configuration that was deleted is a conflict", conflictDeleted},
		{"a configuration that was created is a conflict", conflictCreated},
		{"a namespace that was created is a conflict", conflictNamespaceCreated},
		{"a namespace that was deleted is a conflict", conflictNamespaceDeleted},
		{"a namespace that got a configuration is not deleted", conflictNamespaceFilled},
		{"the same bytes written again", sameBytesAgain},
		{"a change to what a conflict did not touch goes through", independent},
		{"a conflict names everything that moved", allMoved},
		{"a batch whose last change conflicts leaves nothing of the others", allOrNothing},
		{"of two clients with the same plan one wins", race},

		{"a run holds the lock until its end", lockHeld},
		{"a run that waits gets the lock when it is given back", lockAwaited},
		{"many that wait get the lock one by one", lockOneByOne},
		{"a canceled wait for the lock ends", lockCanceled},
		{"a run without a lock waits for none", lockLeft},
		{"a killed holder does not keep the lock", lockOfKilled},

		{"a canceled snapshot fails", canceledSnapshot},
		{"a canceled batch is not applied", canceledApply},
		{"what is foreign survives everything", foreign},
		{"a batch as large as the limits is taken", limits},
		{"what batches keep is read in order", history},
		{"a target remembers who claimed it, and what was marked", documents},
		{"random trees: a plan leads from any to any and back", randomTrees},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &place{tb: t, Fixture: newFixture(t)}
			p.target = p.Open()
			test.test(p)
		})
	}
}
