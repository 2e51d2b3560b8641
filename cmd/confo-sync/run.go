package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
	"github.com/confo-sync/confo-sync/target"
)

// selects reports whether only a part was asked for.
func (g *globals) selects() bool { return len(g.Namespace)+len(g.Exclude) > 0 }

// app is one run of the program: what was asked, and everything ambient.
type app struct {
	globals
	env func(string) (string, bool) // as os.LookupEnv
	// unknown are warnings of environment variables, which are shown once.
	unknown []plan.Finding
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	log     *slog.Logger
	// report is what the command shows. It is begun as soon as it is known
	// what kind it is, so that an error has a document to be in.
	report *render.Report
	shown  bool
	warned []string // warnings of -n and --exclude that were shown
	deed   deed     // what changes the target, once it is known
	done   string   // what was applied to its end; empty before
	// written is what a command that applies no plan has changed; empty before.
	written string
	given   given  // the flags on the command line
	command string // as users call it; empty before it is known
	// finished is the ID of the interrupted run that this one has finished at the target.
	finished string
	// sealed are the texts that this run has encrypted, by what they were encrypted to: they
	// can be read again without an identity.
	sealed     map[string]string
	goesOn     bool   // the newest run in the history was interrupted, and this one goes on from there
	verifiedAs string // what the target is after a verification: "as planned" if it is empty
	outputFlags
	only  []plan.Pattern // what is to change, nil for all
	files []reportFile
	settings
	// ctx ends when the run is interrupted, for what is asked for on the way to a
	// target.
	ctx       context.Context
	passwords *passwords
	seen      *plan.Seen // names that -n and --exclude were compared with
	insecure  *sync.Once // the warning about it
	warning   *warnings  // its lock is held while a warning is shown
	exposed   *sync.Map  // files that others can read, once warned of
}

// run runs the program and returns its exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	noCoreFile()
	out := guard(stdout)
	stdout, stderr = out, guard(stderr)
	env := lookup(environ)
	a := &app{env: env, unknown: unknownVariables(environ), stdin: stdin, stdout: stdout, stderr: stderr, log: slog.New(slog.DiscardHandler)}
	a.Format = "text" // until the flags are known
	a.report = render.New("confo-sync/error", "", "")
	ctx, stop := untilInterrupted(ctx, stderr)
	defer stop()
	a.seen, a.exposed, a.sealed = &plan.Seen{}, &sync.Map{}, map[string]string{}
	a.ctx, a.passwords, a.insecure, a.warning = ctx, &passwords{}, &sync.Once{}, &warnings{}

	var c cli
	parser, err := kong.New(&c,
		kong.Name("confo-sync"),
		kong.Description("Configuration as code for Confo, in ZooKeeper or in files."),
		kong.Vars{"version": versionLine()},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.Help(printHelp),
		kong.ExplicitGroups(groups),
	)
	if err != nil {
		return a.fail(err)
	}
	var command *kong.Context
	defer func() {
		// kong leaves after --help by way of its Exit.
		if r := recover(); r != nil {
			left, ok := r.(exit)
			if !ok {
				panic(r)
			}
			if code = int(left); out.failed() != nil {
				code = a.fail(out.failed())
			}
		}
	}()
	if len(args) == 0 {
		args = []string{"help"}
	}
	if args[0] == "complete" && len(args) > 1 {
		return a.complete(parser.Model, &c, args[2:])
	}
	if err = noPasswords(args); err == nil {
		err = slip(parser.Model, args)
	}
	if err == nil {
		command, err = parser.Parse(args)
	}
	if err == nil {
		a.command = shortName(nameOf(command.Selected()))
		err = checkGiven(command)
	}
	if out.failed() != nil {
		return a.fail(out.failed()) // of --help
	}
	if err != nil {
		if wantsJSON(args) {
			a.Format = "json"
		}
		return a.fail(a.meantOfParse(parser, &c, args, &usageError{err}))
	}
	withoutSlash(command)
	a.given = givenOn(command)
	c.globals.fromVariables(env, func(flag string) bool { return a.given.has(flag) || isUnused(command, flag) })
	a.globals = c.globals
	if a.Verbose {
		a.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if a.Chdir != "" {
		if err := os.Chdir(a.Chdir); err != nil {
			return a.fail(target.WithHint(fmt.Errorf("-C: %w", err), "check the path after -C, which must be a folder"))
		}
	}
	if err := a.ofPart(command); err != nil {
		return a.fail(err)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(a)
	if err == nil && !strings.HasPrefix(nameOf(command.Selected()), "history") { // which sees only what was applied
		err = a.checkSelection()
	}
	if failed := out.failed(); failed != nil && (err == nil || errors.Is(err, errDifferences)) {
		err = failed
	}
	a.countWarnings()
	if err != nil {
		code = a.fail(a.meantWord(command, err))
	}
	if err := a.writeFiles(); err != nil {
		return a.fail(err)
	}
	return code
}

// exit carries kong's exit code out of its parser.
type exit int

// wantsJSON looks for the format in a command line that could not be parsed.
func wantsJSON(args []string) bool {
	i := slices.Index(args, "--format")
	return slices.Contains(args, "--format=json") || i >= 0 && i+1 < len(args) && args[i+1] == "json"
}

// errInterrupted is the cause of a context that Ctrl-C ended.
var errInterrupted = errors.New("interrupted")

// untilInterrupted returns a context that ends at the first Ctrl-C. The second
// ends the program at once.
func untilInterrupted(parent context.Context, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		if isTerminal(stderr) {
			fmt.Fprintln(stderr) // after ^C
		}
		fmt.Fprintln(stderr, "confo-sync: stopping after the current step (press Ctrl-C again to stop at once)")
		cancel(errInterrupted)
		if _, ok := <-signals; ok {
			os.Exit(exitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// getenv returns an environment variable, empty if it is not set.
func (a *app) getenv(name string) string {
	value, _ := a.env(name)
	return value
}

// begin says what kind of report the command shows.
func (a *app) begin(kind, target, source string) {
	a.report = render.New(kind, target, source)
}

// colored reports whether w is to have colour.
func (a *app) colored(w io.Writer) bool {
	switch a.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb" && isTerminal(w)
}

// notice tells the user something on stderr.
func (a *app) notice(format string, args ...any) {
	if !a.Quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}

// say writes a line of the result to stdout. That it could not be written is an error
// of the run, which ends with it.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.stdout, format+"\n", args...)
}

// warn adds warnings to the report and to those that stderr shows.
func (a *app) warn(findings ...plan.Finding) {
	a.warning.Lock()
	defer a.warning.Unlock()
	findings = slices.Clone(findings)
	for i := range findings {
		findings[i].Hint = a.given.complete(findings[i].Hint)
	}
	a.report.Warnings = append(a.report.Warnings, render.Findings(findings)...)
	if a.Quiet {
		return
	}
	a.warning.held = append(a.warning.held, findings...)
	if a.warning.released {
		a.warning.print(a.stderr)
	}
}

// releaseWarnings shows the warnings that were held until the report was shown, and from
// now on each at once: the changes are what a reader looks for, and come first.
func (a *app) releaseWarnings() {
	if a.warning == nil {
		return
	}
	a.warning.Lock()
	defer a.warning.Unlock()
	a.warning.released = true
	a.warning.print(a.stderr)
}

// seeWarnings returns the hint of an error whose reasons are warnings.
func (a *app) seeWarnings() string {
	if a.Quiet {
		return "run it without --quiet to see the warnings, which say why"
	}
	return "see the warnings above"
}

// mostFindings is how many warnings a run shows on stderr, and how many errors. With
// --format json the report has all.
const mostFindings = 50

// warnings counts those of a run.
type warnings struct {
	sync.Mutex
	held     []plan.Finding // that are not shown yet
	released bool           // none are held any more
	shown    int
	more     int // that were not shown
}

func (w *warnings) print(out io.Writer) {
	shown, more := printAlike(out, "warning", w.held, mostFindings-w.shown)
	w.shown, w.more, w.held = w.shown+shown, w.more+more, nil
}

// countWarnings says how many warnings were not shown.
func (a *app) countWarnings() {
	if a.warning == nil {
		return
	}
	a.releaseWarnings()
	a.warning.Lock()
	defer a.warning.Unlock()
	if a.warning.more > 0 {
		printMore(a.stderr, "warning", a.warning.more)
	}
	a.warning.more = 0
}

func printMore(w io.Writer, severity string, more int) {
	fmt.Fprintf(w, "confo-sync: %s: %s more are not shown; --format json lists all\n", severity, plural(more, severity))
}

// printFindings writes findings, and counts those that are too many.
func printFindings(w io.Writer, severity string, findings []plan.Finding) {
	if _, more := printAlike(w, severity, findings, mostFindings); more > 0 {
		printMore(w, severity, more)
	}
}

// printAlike writes at most so many findings, those together that say the same. A hint that
// several in a row share follows the last of them. It returns how many it wrote, and how many
// it left out and did not count.
func printAlike(w io.Writer, severity string, findings []plan.Finding, most int) (shown, leftOut int) {
	type words struct{ message, hint string }
	groups := plan.Alike(findings, func(f plan.Finding) words { return words{f.Message, f.Hint} })
	leftOut = len(findings)
	for i, g := range groups {
		these := g.First[:min(len(g.First), most-shown)]
		if len(these) == 0 {
			return shown, leftOut
		}
		for _, f := range these {
			f.Hint = ""
			printFinding(w, severity, f)
		}
		shown, leftOut = shown+len(these), leftOut-len(these)
		if g.More > 0 && len(these) == len(g.First) {
			fmt.Fprintf(w, "confo-sync: %s: the same in %d more places; --format json lists all\n", severity, g.More)
			leftOut -= g.More
		}
		hint := g.First[0].Hint
		if shared := i+1 < len(groups) && shown < most && groups[i+1].First[0].Hint == hint; hint != "" && !shared {
			fmt.Fprintf(w, "hint: %s\n", hint)
		}
	}
	return shown, leftOut
}

func printFinding(w io.Writer, severity string, f plan.Finding) {
	where := f.Position.String()
	if where == "" {
		where = "confo-sync"
		if name := plan.Printable(f.Key.String()); name != "" {
			f.Message = name + ": " + f.Message
		}
	}
	fmt.Fprintf(w, "%s: %s: %s\n", where, severity, f.Message)
	if f.Excerpt != "" {
		fmt.Fprintf(w, "%6d | %s\n", f.Position.Line, f.Excerpt)
	}
	if f.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.Hint)
	}
}

// need is the error of a flag that is missing.
func need(flag, what string) error {
	return &usageError{fmt.Errorf("%s is missing: %s", flag, what)}
}

func plural(n int, noun string) string { return plan.Plural(n, noun) }
