package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/target"
)

// cipherWork is what encrypt and decrypt do: in files that are named, or in all of the
// tree and of the overlays.
type cipherWork struct {
	files  []source.File
	fields []source.FieldPattern // empty for those that the command chooses
	named  bool                  // the files are
	json   []string              // files that were left alone
	sealed []string
	done   []*source.Ciphered
}

// cipherFiles reads the files of a command whose arguments are files and fields.
func (a *app) cipherFiles(kind string, args []string) (*cipherWork, error) {
	if err := a.beginFiles(kind); err != nil {
		return nil, err
	}
	var names []string
	w := &cipherWork{}
	for _, arg := range args {
		if isFileArgument(arg) {
			names = append(names, arg)
			continue
		}
		p, err := source.ParseField(arg)
		if err != nil {
			return nil, &usageError{fmt.Errorf("field %s: %w", plan.Quote(arg), err)}
		}
		w.fields = append(w.fields, p)
	}
	if w.named = len(names) > 0; w.named {
		a.report.Source = names[0]
	}
	var err error
	w.files, err = a.treeFiles(names)
	return w, err
}

// isFileArgument reports whether an argument names a file, and no field: it is one, or it
// ends as the files of a tree do.
func isFileArgument(arg string) bool {
	info, err := os.Stat(arg)
	return err == nil && !info.IsDir() || source.IsTreeFile(arg)
}

// skip leaves files alone that were not named and that can't hold what age encrypts: those
// that SOPS encrypted, and JSON. JSON files without anything to encrypt are not reported.
func (w *cipherWork) skip(nothing func(source.File) bool) {
	if w.named {
		return
	}
	var rest []source.File
	for _, f := range w.files {
		switch {
		case f.Sealed():
			w.sealed = append(w.sealed, plan.Printable(f.Name()))
		case !f.IsJSON():
			rest = append(rest, f)
		case !nothing(f):
			w.json = append(w.json, plan.Printable(f.Name()))
		}
	}
	w.files = rest
}

// each does something with the fields of each file. All errors in files are returned
// together. A field that no file has is an error.
func (w *cipherWork) each(ctx context.Context, do func(source.File, []source.FieldPattern) (*source.Ciphered, error)) error {
	var failed source.Errors
	fields, err := w.fieldsOf()
	if err != nil {
		return err
	}
	for i, f := range w.files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(w.fields) > 0 && len(fields[i]) == 0 {
			continue
		}
		done, err := do(f, fields[i])
		var wrong source.Errors
		var one plan.Finding
		switch {
		case errors.As(err, &wrong):
			failed = append(failed, wrong...)
		case errors.As(err, &one) && len(w.files) > 1:
			failed = append(failed, one)
		case err != nil:
			return err
		default:
			w.done = append(w.done, done)
		}
	}
	if len(failed) > 0 {
		return several(failed)
	}
	return nil
}

// fieldsOf returns for each file those of the fields that it has. A single named file is
// asked for all: its own error says more.
func (w *cipherWork) fieldsOf() ([][]source.FieldPattern, error) {
	all := make([][]source.FieldPattern, len(w.files))
	if len(w.files) == 1 && w.named {
		all[0] = w.fields
		return all, nil
	}
	if len(w.fields) == 0 {
		return all, nil
	}
	found := map[string]bool{}
	var names []string
	for i, f := range w.files {
		has, own, err := f.Has(w.fields)
		if err != nil {
			return nil, several(err)
		}
		for _, p := range has {
			found[p.String()] = true
		}
		all[i], names = has, append(names, own...)
	}
	for _, p := range w.fields {
		if !found[p.String()] {
			hint := p.Form()
			if near := plan.Closest(p.String(), names); near != "" {
				hint += "; did you mean " + plan.Printable(near) + "?"
			}
			message := "the files have no field %s"
			if !strings.Contains(p.String(), "#") {
				message = "there is no file %s, and no field of this name in the files"
			}
			return nil, target.WithHint(noSuch(p.String(), message, plan.Quote(p.String())), hint)
		}
	}
	return all, nil
}

// revised returns the files that change.
func (w *cipherWork) revised() (all []source.Revised) {
	for _, done := range w.done {
		if len(done.Fields) > 0 {
			all = append(all, done.Revised)
		}
	}
	return all
}

// values counts the values that something was done with.
func (w *cipherWork) values() (n int) {
	for _, done := range w.done {
		n += len(done.Fields)
	}
	return n
}

// fieldNames names them, with their files if it was not one that is named.
func (w *cipherWork) fieldNames() (all []string) {
	for _, done := range w.done {
		for _, field := range done.Fields {
			if !w.named || len(w.files) > 1 {
				field = done.Shown + ": " + field
			}
			all = append(all, field)
		}
	}
	return all
}

// name is what the files are called in a sentence.
func (w *cipherWork) name() string {
	switch {
	case !w.named:
		return "the tree or its overlays"
	case len(w.files) > 1:
		return "these files"
	}
	return plan.Printable(w.files[0].Name())
}

// tellLeftAlone says which files the command can't change.
func (w *cipherWork) tellLeftAlone(a *app) {
	if len(w.sealed) > 0 {
		a.notice("Left alone, because SOPS encrypted them: %s.", plan.ListNames(w.sealed))
	}
	if len(w.json) > 0 {
		a.notice("Left alone, because JSON has no place for encrypted values: %s.", plan.ListNames(w.json))
	}
}
