package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/apply"
	"github.com/confo-sync/confo-sync/cmd/confo-sync/manual"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

// A completion looks for names for completionTime, and ends after completionLimit even if
// a file or a folder takes longer to read. It then shows nothing.
const (
	completionTime  = 300 * time.Millisecond
	completionLimit = 450 * time.Millisecond
)

// mostApplies is how many applies a completion lists.
const mostApplies = 20

// complete prints what the last of the words can become. It runs at each TAB, also in a
// repository that a stranger wrote. So it writes no file, prints no error, asks for nothing,
// and connects to no server that only the project file names.
func (a *app) complete(model *kong.Application, c *cli, words []string) int {
	a.stdin, a.stderr, a.Quiet, a.log = strings.NewReader(""), io.Discard, true, slog.New(slog.DiscardHandler)
	a.readOnly = true
	found := manual.Complete(model, words, func(kind, word string, line manual.Line) []manual.Candidate {
		for _, f := range model.Flags {
			for _, value := range line.Flags[f.Name] {
				// What is wrong with the value is not known yet: the rest counts.
				_ = f.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: value}), f.Target)
			}
		}
		a.globals = c.globals
		a.globals.fromVariables(a.env, func(flag string) bool { return len(line.Flags[flag]) > 0 })
		a.Quiet = true
		if a.Chdir != "" && os.Chdir(a.Chdir) != nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(a.ctx, completionTime)
		defer cancel()
		limit, end := context.WithTimeout(a.ctx, completionLimit)
		defer end()
		done := make(chan []manual.Candidate, 1)
		go func() { done <- safe(a.candidates(ctx, model, kind, word, line)) }()
		select {
		case all := <-done:
			return all
		case <-limit.Done():
			return nil
		}
	})
	if _, err := io.WriteString(a.stdout, found.Print()); err != nil {
		return exitError
	}
	return exitDone
}

// safe leaves out words that a shell could read as a flag or that a terminal could obey,
// and makes the descriptions printable. Both can come from the project file or the target.
func safe(all []manual.Candidate) (some []manual.Candidate) {
	for _, one := range all {
		if !strings.HasPrefix(one.Word, "-") && plan.Printable(one.Word) == one.Word {
			some = append(some, manual.Candidate{Word: one.Word, Text: plan.Printable(one.Text)})
		}
	}
	return some
}

// candidates returns the words of a kind.
func (a *app) candidates(ctx context.Context, model *kong.Application, kind, word string, line manual.Line) (all []manual.Candidate) {
	switch kind {
	case "topic":
		for _, child := range model.Children {
			if !child.Hidden {
				all = append(all, manual.Candidate{Word: child.Name, Text: child.Help})
			}
		}
		return append(all, manual.Candidate{Word: "flags"}, manual.Candidate{Word: "variables"})
	case "report":
		for _, form := range []string{"markdown", "html", "json", "text"} {
			all = append(all, manual.Candidate{Word: form + "="})
		}
	case "environment":
		return a.environmentNames("")
	case "endpoint":
		all = a.environmentNames(envPrefix)
		for _, scheme := range []string{"git:", "file:", "zk://", "zks://"} {
			all = append(all, manual.Candidate{Word: scheme})
		}
	case "apply":
		if all = a.applies(ctx); len(all) > 0 { // alone, a shell would fill it in
			all = append(all, manual.Candidate{Word: "last", Text: "the last apply"})
		}
		return all
	case "namespace":
		for _, key := range keysIn(a.known(ctx, "", true)) {
			if key.IsNamespace() {
				all = append(all, manual.Candidate{Word: key.Namespace})
			}
		}
	case "path", "field", "declared", "pattern":
		return a.paths(ctx, kind, word)
	case "filefield":
		return a.fieldsToEncrypt(ctx, word, line.Args)
	}
	return all
}

// environmentNames returns the environments of the project, each with a prefix.
func (a *app) environmentNames(prefix string) (all []manual.Candidate) {
	p, err := a.readProject()
	if err != nil || p == nil {
		return nil
	}
	for _, e := range p.Environments {
		all = append(all, manual.Candidate{Word: prefix + e.Name, Text: e.Target})
	}
	return all
}

// atOnce runs functions at once, and returns when they have returned or the context ends.
func atOnce(ctx context.Context, all ...func()) {
	var running sync.WaitGroup
	for _, one := range all {
		running.Go(one)
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// openForNames opens the target to complete words with its names. It returns an error for
// a target that only the project file names, unless it is files in the repository: a
// stranger's file must not decide which server gets a connection and credentials at a TAB.
// The argument trusted is the target on the command line or in a variable.
func (a *app) openForNames(trusted string) (target.Target, error) {
	url, err := a.targetURL()
	if err != nil {
		return nil, err
	}
	byUser := url == trusted || a.Target == "" && len(a.Credentials) > 0
	path, isFiles := strings.CutPrefix(url, target.SchemeFile+":")
	if !byUser && !(isFiles && within.Holds(path, a.project.Root)) {
		return nil, errors.New("only the project file names this target")
	}
	return a.open(url, false)
}

// applies returns the IDs of the last applies.
func (a *app) applies(ctx context.Context) (all []manual.Candidate) {
	trusted := a.Target
	if a.configure() != nil {
		return nil
	}
	found := make(chan []manual.Candidate, 1)
	atOnce(ctx, func() {
		t, err := a.openForNames(trusted)
		if err != nil {
			return
		}
		defer t.Close()
		history, err := apply.ReadHistory(ctx, t, time.Time{})
		if err != nil {
			return
		}
		var some []manual.Candidate
		for _, r := range slices.Backward(history.Records) {
			if len(some) == mostApplies {
				break
			}
			some = append(some, manual.Candidate{Word: r.ID, Text: r.Who + ": " + r.Reason})
		}
		found <- some
	})
	select {
	case all = <-found:
	default:
	}
	return all
}
