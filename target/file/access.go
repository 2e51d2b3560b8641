package file

import (
	"context"
	"errors"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// ReadOld implements target.Writer.
func (w *writer) ReadOld(context.Context, []plan.Change) error { return nil }

// SetAccess implements target.Writer. Modes are set in batches.
func (w *writer) SetAccess(context.Context, target.Batch, func(i int)) error {
	return errors.New("this target does not support ACLs")
}
