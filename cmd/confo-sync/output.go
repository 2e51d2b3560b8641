package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

// outputFlags are how a report looks, and where else it goes.
type outputFlags struct {
	Report               []string `sep:"none" placeholder:"FORM=FILE" help:"Also write the report to a file: markdown, html, json or text (repeatable)." complete:"report"`
	MaxBytes             int      `default:"60000" placeholder:"N" help:"Maximum size of Markdown; 0 for no limit (default 60000)."`
	Summary              bool     `help:"Show only which objects change."`
	ShowSensitive        bool     `help:"Show secret values, at a terminal."`
	ShowSensitiveInFiles bool     `help:"Show secret values in files and pipes too."`
}

// forms are those that a report has.
var forms = []string{"text", "json", "markdown", "html"}

// reportFile is a file that a report goes to.
type reportFile struct{ form, path string }

// output takes the flags of a command that reports changes.
func (a *app) output(flags outputFlags) error {
	a.outputFlags = flags
	for _, spec := range flags.Report {
		form, path, ok := strings.Cut(spec, "=")
		switch {
		case !ok || path == "" || !slices.Contains(forms, form):
			return &usageError{target.WithHint(
				fmt.Errorf("--report %s: write FORM=FILE, where FORM is %s", plan.Quote(spec), plan.Either(forms)), hintOfReport(form, path))}
		case slices.ContainsFunc(a.files, func(f reportFile) bool { return f.path == path }):
			return &usageError{fmt.Errorf("--report: %s is given twice", plan.Printable(path))}
		}
		a.files = append(a.files, reportFile{form, path})
	}
	if flags.ShowSensitive && !flags.ShowSensitiveInFiles && !isTerminal(a.stdout) {
		return &usageError{errors.New("--show-sensitive needs a terminal, and stdout is not one: use --show-sensitive-in-files to write passwords there")}
	}
	return nil
}

// hintOfReport returns the next step after a --report whose form or file is missing or
// unknown: the form is told by its beginning, or by the end of the file's name.
func hintOfReport(form, path string) string {
	meant := closestChoice(form, forms)
	if _, end, has := strings.Cut(filepath.Base(form), "."); path == "" && has {
		meant, path = closestChoice(end, forms), form
	}
	return "write --report " + cmp.Or(meant, "markdown") + "=" + shellWord(cmp.Or(path, "FILE"))
}

// plainForms keeps commands that report no changes to text and JSON.
func (a *app) plainForms(command string) error {
	if a.Format != "text" && a.Format != "json" {
		return &usageError{fmt.Errorf("%s can't be written as %s: use text or json", command, a.Format)}
	}
	return nil
}

// show writes the report to stdout.
func (a *app) show() error {
	a.shown = true
	err := a.write(a.stdout, a.Format, a.ShowSensitive || a.ShowSensitiveInFiles)
	a.releaseWarnings()
	return err
}

// write writes the report in some form.
func (a *app) write(w io.Writer, form string, plain bool) error {
	r := a.report
	if plain {
		r = r.Plain()
	}
	switch form {
	case "json":
		return render.JSON(w, r)
	case "markdown":
		return render.Markdown(w, r, render.MarkdownOptions{MaxBytes: a.MaxBytes})
	case "html":
		return render.HTML(w, r)
	default:
		return render.Text(w, r, a.textOptions(w))
	}
}

func (a *app) textOptions(w io.Writer) render.TextOptions {
	return render.TextOptions{Color: a.colored(w), Width: width(w), Summary: a.Summary}
}

// width returns how many columns a terminal has; of anything else, 0.
func width(w io.Writer) int {
	f := fileOf(w)
	if f == nil {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// writeFiles writes the report to the files that were asked for: also when the
// command has failed, as that is worth a comment too.
func (a *app) writeFiles() error {
	var failed []error
	for _, f := range a.files {
		mode := os.FileMode(0o666) // as the umask has it
		if a.ShowSensitiveInFiles {
			mode = private
		}
		// A pipeline may print it, or it may be the log itself, as /dev/stderr.
		err := writeFile(f.path, mode, func(w io.Writer) error { return a.write(guard(w), f.form, a.ShowSensitiveInFiles) })
		if err != nil {
			failed = append(failed, &outputError{fmt.Errorf("write the report: %w", err)})
		}
	}
	return errors.Join(failed...)
}

// private is the mode of files that hold what is for their owner alone.
const private = 0o600

// writeFile writes a file as a whole, or leaves it as it is. The file has the mode
// before the first byte is in it: if it is private whatever the umask, or else as the
// umask has it. Links that a checkout holds are never followed. A device or a pipe, or a
// link that is in no checkout, is not replaced: it is written to.
func writeFile(path string, mode os.FileMode, write func(w io.Writer) error) error {
	out, err := within.NewOutput(path)
	var link *within.LinkError
	switch {
	case errors.As(err, &link):
		return target.WithHint(fmt.Errorf("%s: %s is a link in the repository, and confo-sync does not write through such links", plan.Printable(path), plan.Printable(link.Link)),
			"name a folder that is outside the repository or is not a link")
	case err != nil:
		return fmt.Errorf("%s: %w", plan.Printable(path), causeOf(err))
	case out.InPlace:
		return writeTo(out, mode, write)
	}
	temporary, err := out.CreateBeside(mode)
	if err != nil {
		return target.WithHint(fmt.Errorf("%s: %w", plan.Printable(path), causeOf(err)), "check that its folder exists and can be written to")
	}
	defer os.Remove(temporary.Name())
	if mode == private {
		err = temporary.Chmod(mode)
	}
	if err == nil {
		err = write(temporary)
	}
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = out.Put(temporary.Name())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", plan.Printable(path), causeOf(err))
	}
	return nil
}

// causeOf returns an error without the name of the file that it is of, which the user
// has not heard of.
func causeOf(err error) error {
	var of *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &of):
		return of.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func writeTo(out within.Output, mode os.FileMode, write func(w io.Writer) error) error {
	file, err := out.OpenInPlace(mode)
	if err != nil {
		return err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && mode == private {
		if err := file.Chmod(mode); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return errors.Join(write(file), file.Close())
}
