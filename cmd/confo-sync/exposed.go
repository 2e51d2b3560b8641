package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

// warnExposed warns once of a secret in a file that other users can read, as ssh does.
// The argument what says which secret.
func (a *app) warnExposed(what string, f *os.File) {
	permissions, exposed := within.Exposed(f)
	if !exposed {
		return
	}
	if _, warned := a.exposed.LoadOrStore(f.Name(), true); warned {
		return
	}
	a.warn(plan.Finding{
		Message: fmt.Sprintf("%s in %s can be read by other users (mode %04o)", what, plan.Printable(f.Name()), permissions),
		Hint:    "chmod 600 " + plan.Printable(shellWord(f.Name())),
	})
}

// warnExposedIn warns of the file of a configuration that was read already. Confo takes
// every file for it whose name is the same up to the first dot.
func (a *app) warnExposedIn(what, folder, config string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if name, _, _ := strings.Cut(e.Name(), "."); name != config {
			continue
		}
		if f, err := within.Named(filepath.Join(folder, e.Name()), a.AllowFile...); err == nil {
			a.warnExposed(what, f)
			f.Close()
		}
	}
}

// ledOut adds to the error of a file that a link in the repository leads to what to do
// about it.
func ledOut(path string, err error) error {
	switch {
	case errors.Is(err, within.ErrOutside):
		return target.WithHint(fmt.Errorf("the link %s points outside the repository", plan.Printable(path)),
			"name the file that the link points to, or allow its folder with --allow-file DIR")
	case errors.Is(err, within.ErrGit):
		return target.WithHint(fmt.Errorf("the link %s points to a file that belongs to git", plan.Printable(path)), "move the file out of .git")
	}
	return err
}
