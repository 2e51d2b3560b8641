package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/target"
)

// TestExitCodes is docs/exit-codes.md, error by error.
func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{errDeclined, 1},
		{&findingsError{summary: "2 errors"}, 1},
		{errDifferences, 2},
		{&target.Conflict{}, 3},
		{&target.Locked{}, 3},
		{&target.Unknown{Err: errors.New("no answer")}, 4},
		{&usageError{errors.New("what?")}, 64},
		{errInterrupted, 130},
		{context.Canceled, 130},
	} {
		for _, err := range []error{test.err, wrapped(test.err), stopped(test.err)} {
			if got := exitCode(err); got != test.want {
				t.Errorf("%T %v: exit code %d, want %d", err, err, got, test.want)
			}
		}
	}
}

func wrapped(err error) error {
	if err == nil {
		return nil
	}
	return target.WithHint(fmt.Errorf("do something: %w", err), "try something else")
}

func stopped(err error) error {
	if err == nil {
		return nil
	}
	return &apply.Stopped{Err: err}
}

// TestHints: each refusal of the engine says what to do next.
func TestHints(t *testing.T) {
	for _, err := range []error{
		&target.Conflict{}, &target.LockLost{}, &target.LockLost{Applied: true},
		&target.Unknown{Err: errors.New("no answer")}, &usageError{errors.New("what?")},
	} {
		if message, hint := describe(stopped(err)); message == "" || hint == "" {
			t.Errorf("%T: %q, hint %q", err, message, hint)
		}
	}
}
