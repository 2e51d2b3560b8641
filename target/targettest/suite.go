// Package targettest is the suite that every backend passes: it states, as
// tests, what package target promises. A backend joins with a function that
// makes an empty place and says how Confo itself would write there:
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

// Fixture is an empty place for a backend, whose root does not exist yet, and
// ways to it that don't lead through the backend. These fail the test
// themselves when something goes wrong.
type Fixture struct {
	// Open returns a new client of the place. The fixture closes it.
	Open func() target.Target

	// Write writes a configuration as Confo would, and makes the namespace
	// and the root when they are missing. With an empty config it makes the
	// namespace alone.
	Write func(namespace, config string, data []byte)
	// Delete deletes a configuration, or with an empty config a namespace and
	// all that is in it.
	Delete func(namespace, config string)
	// Read returns the stored bytes of a configuration and whether there is
	// one; with an empty config, whether there is such a namespace.
	Read func(namespace, config string) (data []byte, exists bool)

	// PutForeign puts something into a namespace that Confo doesn't manage and
	// that keeps the namespace from being deleted, and returns how to tell
	// whether it is still there. A backend that knows no such thing leaves it
	// out. It may write the configuration "foreign".
	PutForeign func(namespace string) (intact func() bool)

	// Hold begins a run in another process, and returns how to kill that process.
	// The function Hold of this package does that.
	Hold func(run target.Run) (kill func())

	// Names are odd names that the backend can hold.
	Names []plan.Key
	// Refused are changes that it can't hold and that Check refuses.
	Refused []plan.Change
	// ContentRevisions says that an object which is written again with the
	// same bytes has the revision that it had.
	ContentRevisions bool
}

// Run runs the suite. Each test gets a place of its own.
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
