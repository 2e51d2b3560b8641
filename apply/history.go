package apply

import (
	"context"
	"time"

	"github.com/confo-sync/confo-sync/target"
)

// clocks is how far the clocks of those who write a history may be apart.
const clocks = 10 * time.Minute

// History reads the entries at a target that were made after a time, or a little
// before, oldest first.
func History(ctx context.Context, t target.Target, since time.Time) ([]*Entry, error) {
	infos, err := t.HistoryNames(ctx, false)
	if err != nil {
		return nil, err
	}
	from := ""
	if !since.IsZero() {
		from = since.Add(-clocks).UTC().Format(idTime)
	}
	names := make([]string, 0, len(infos))
	for _, info := range infos {
		if info.Name >= from {
			names = append(names, info.Name)
		}
	}
	return read(ctx, t, names)
}

// read reads entries of these names.
func read(ctx context.Context, t target.Target, names []string) ([]*Entry, error) {
	stored, err := t.History(ctx, names)
	if err != nil {
		return nil, err
	}
	entries := make([]*Entry, 0, len(stored))
	for _, s := range stored {
		e, err := DecodeEntry(s.Data)
		if err != nil {
			return nil, target.WithHint(err, "it is "+s.Name+" in the history of "+t.String())
		}
		entries = append(entries, e)
	}
	return entries, nil
}
