package main

import (
	"context"
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
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/target"
)

// completionTime is how long a completion looks for names.
const completionTime = 300 * time.Millisecond

// mostApplies is how many applies a completion lists.
const mostApplies = 20

// complete prints what the last of the words can become. A terminal is completed in, so
// nothing is said and nobody is asked for anything.
func (a *app) complete(model *kong.Application, c *cli, words []string) int {
	a.stdin, a.stderr, a.Quiet, a.log = strings.NewReader(""), io.Discard, true, slog.New(slog.DiscardHandler)
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
		return a.candidates(ctx, model, kind, word)
	})
	if _, err := io.WriteString(a.stdout, found.Print()); err != nil {
		return exitError
	}
	return exitDone
}

// candidates returns the words of a kind.
func (a *app) candidates(ctx context.Context, model *kong.Application, kind, word string) (all []manual.Candidate) {
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
		return append(a.applies(ctx), manual.Candidate{Word: "last", Text: "the last apply"})
	case "namespace":
		for _, key := range a.names(ctx) {
			if key.Config == "" {
				all = append(all, manual.Candidate{Word: key.Namespace})
			}
		}
	case "path":
		for _, key := range a.names(ctx) {
			switch inside := strings.HasPrefix(word, key.Namespace+"/"); {
			case key.Config == "" && !inside:
				all = append(all, manual.Candidate{Word: key.Namespace}, manual.Candidate{Word: key.Namespace + "/"})
			case key.Config != "" && inside:
				all = append(all, manual.Candidate{Word: key.String()})
			}
		}
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

// names returns the namespaces and configurations of the tree and of the target, as far
// as they are known before the context ends.
func (a *app) names(ctx context.Context) []plan.Key {
	if a.configure() != nil {
		return nil
	}
	var mu sync.Mutex
	var all []plan.Key
	add := func(keys []plan.Key) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, keys...)
	}
	atOnce(ctx, func() { add(a.declaredNames(ctx)) }, func() { add(a.liveNames(ctx)) })
	mu.Lock()
	defer mu.Unlock()
	slices.SortFunc(all, plan.Key.Compare)
	return slices.Compact(all)
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

func (a *app) declaredNames(ctx context.Context) (keys []plan.Key) {
	if a.Source == "" {
		return nil
	}
	reading := *a
	reading.unresolved = true
	tree, _, err := reading.loadTree(ctx, reading.Source, reading.place(), source.LoadOptions{AllowEmpty: true, Overlays: reading.laid()})
	if err != nil {
		return nil
	}
	for _, ns := range tree.Namespaces {
		keys = append(keys, plan.Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			keys = append(keys, plan.Key{Namespace: ns.Name, Config: c.Name})
		}
	}
	return keys
}

func (a *app) liveNames(ctx context.Context) (keys []plan.Key) {
	reading := *a
	t, err := reading.openTarget(false)
	if err != nil {
		return nil
	}
	defer t.Close()
	live, err := t.Snapshot(ctx, target.ReadOptions{})
	if err != nil {
		return nil
	}
	for _, ns := range live.Namespaces {
		keys = append(keys, plan.Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			keys = append(keys, plan.Key{Namespace: ns.Name, Config: c.Name})
		}
	}
	return keys
}

// applies returns the IDs of the last applies.
func (a *app) applies(ctx context.Context) (all []manual.Candidate) {
	if a.configure() != nil {
		return nil
	}
	found := make(chan []manual.Candidate, 1)
	atOnce(ctx, func() {
		t, err := a.openTarget(false)
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
