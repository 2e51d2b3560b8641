package main

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"github.com/confo-sync/confo-sync/cmd/confo-sync/manual"
	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/git"
	"github.com/confo-sync/confo-sync/target"
)

// mostFields is how many fields a completion lists.
const mostFields = 1000

// paths returns the namespaces, each with a slash; in a namespace its configurations; and
// in a configuration its fields, if the kind has them. The kind declared is of the tree
// only, and pattern has slashes before the fields.
func (a *app) paths(ctx context.Context, kind, word string) (all []manual.Candidate) {
	namespace, config, inside := strings.Cut(word, "/")
	within := ""
	if inside {
		within = namespace
	}
	known := a.known(ctx, within, kind != "declared")
	if at := strings.IndexAny(config, "/#"); at >= 0 && kind != "path" {
		key := plan.Key{Namespace: namespace, Config: config[:at]}
		if kind == "pattern" && config[at] == '#' {
			return nil
		}
		return fieldsAfter(known, key, config[at:])
	}
	for _, key := range keysIn(known) {
		switch {
		case key.IsNamespace() && !inside:
			all = append(all, manual.Candidate{Word: key.Namespace + "/"})
		case !key.IsNamespace() && inside && key.Namespace == namespace && strings.HasPrefix(key.String(), word):
			all = append(all, manual.Candidate{Word: key.String()})
		}
	}
	if inside && len(all) == 1 && kind != "path" {
		all = append(all, manual.Candidate{Word: all[0].Word + fieldSign[kind], Text: "a field of it"})
	}
	return all
}

// fieldSign is the sign between a configuration and a field, by kind. The configuration with
// this sign is a second candidate, so that no shell puts a blank after the configuration.
var fieldSign = map[string]string{"field": "#", "declared": "#", "pattern": "/"}

// fieldsAfter returns the fields of a configuration, after the sign that typed begins with:
// after "#" as plan.Path writes them, and after "/" as patterns do. The elements of lists
// are only among them once their bracket is typed.
func fieldsAfter(known []*plan.Snapshot, key plan.Key, typed string) (all []manual.Candidate) {
	seen := map[string]bool{}
	for _, snapshot := range known {
		value, ok := valueOf(snapshot, key)
		if !ok {
			continue
		}
		node, err := value.Parse()
		if err != nil {
			continue
		}
		node.Walk(nil, func(path plan.Path, _ plan.Node) {
			if len(path) == 0 || len(all) == mostFields || path.InList() && !strings.Contains(typed, "[") {
				return
			}
			text := "#" + path.String()
			if typed[0] == '/' {
				text = ""
				for _, level := range path.Levels() {
					text += "/" + plan.PatternLevel(level)
				}
			}
			if strings.HasPrefix(text, typed) && !seen[text] {
				seen[text] = true
				all = append(all, manual.Candidate{Word: key.String() + text})
			}
		})
	}
	return all
}

// fieldsToEncrypt returns what encrypt and decrypt take after the arguments args: the fields
// of the files among them. Without files it returns the paths of the tree, or, if none begins
// with the word, the fields of all files of the tree.
func (a *app) fieldsToEncrypt(ctx context.Context, word string, args []string) []manual.Candidate {
	if !slices.ContainsFunc(args, isFileArgument) {
		paths := a.paths(ctx, "declared", word)
		if slices.ContainsFunc(paths, func(one manual.Candidate) bool { return strings.HasPrefix(one.Word, word) }) {
			return paths
		}
	}
	return a.fileFields(args)
}

// fileFields returns the fields of the files among the arguments, or else of all files of the
// tree.
func (a *app) fileFields(args []string) (all []manual.Candidate) {
	if a.configure() != nil {
		return nil
	}
	files, err := a.treeFiles(slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return !isFileArgument(arg) }))
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, f := range files {
		names, err := f.FieldsFromTop()
		if err != nil {
			continue
		}
		for _, name := range names {
			if !seen[name] && len(all) < mostFields {
				seen[name] = true
				all = append(all, manual.Candidate{Word: name})
			}
		}
	}
	return all
}

// keysIn returns the namespaces and configurations of snapshots, sorted.
func keysIn(known []*plan.Snapshot) (all []plan.Key) {
	for _, snapshot := range known {
		all = append(all, keysOf(snapshot)...)
	}
	slices.SortFunc(all, plan.Key.Compare)
	return slices.Compact(all)
}

// known returns what the target and the tree have in a namespace, or without one in all,
// as far as it is known before the context ends.
func (a *app) known(ctx context.Context, namespace string, live bool) []*plan.Snapshot {
	trusted := a.Target
	if a.configure() != nil {
		return nil
	}
	reading := *a
	reading.Namespace, reading.Exclude = nil, nil
	if namespace != "" && !plan.IsGlob(namespace) {
		reading.Namespace = []string{namespace}
	}
	var mu sync.Mutex
	var all [2]*plan.Snapshot
	set := func(i int, s *plan.Snapshot) {
		mu.Lock()
		defer mu.Unlock()
		all[i] = s
	}
	look := []func(){func() { set(1, reading.declaredNow(ctx)) }}
	if live {
		look = append(look, func() { set(0, reading.liveNow(ctx, trusted)) })
	}
	atOnce(ctx, look...)
	mu.Lock()
	defer mu.Unlock()
	found := all
	return slices.DeleteFunc(found[:], func(s *plan.Snapshot) bool { return s == nil })
}

// declaredNow returns what the tree has, or nil. A tree of a commit would be checked out
// first, so it is not read.
func (a *app) declaredNow(ctx context.Context) *plan.Snapshot {
	if a.Source == "" || strings.HasPrefix(a.Source, git.Prefix) {
		return nil
	}
	reading := *a
	reading.unresolved = true
	tree, _, err := reading.loadTree(ctx, reading.Source, reading.place(), source.LoadOptions{AllowEmpty: true, Overlays: reading.laid()})
	if err != nil {
		return nil
	}
	return tree.Snapshot()
}

// liveNow returns what the target has, or nil. trusted is as for openForNames.
func (a *app) liveNow(ctx context.Context, trusted string) *plan.Snapshot {
	reading := *a
	t, err := reading.openForNames(trusted)
	if err != nil {
		return nil
	}
	defer t.Close()
	live, err := t.Snapshot(ctx, target.ReadOptions{Selection: plan.Selection{Namespaces: a.Namespace}})
	if err != nil {
		return nil
	}
	return live
}

// withoutSlash takes the slash from the end of arguments that name a namespace, where
// completion puts it.
func withoutSlash(command *kong.Context) {
	for _, p := range command.Path {
		var value *kong.Value
		switch {
		case p.Flag != nil:
			value = p.Flag.Value
		case p.Positional != nil:
			value = p.Positional
		default:
			continue
		}
		kinds := strings.Split(value.Tag.Get("complete"), ",")
		if !slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains([]string{"path", "field", "declared", "pattern"}, kind) }) {
			continue
		}
		trim := func(v reflect.Value) {
			if name, has := strings.CutSuffix(v.String(), "/"); has && name != "" && !strings.Contains(name, "/") {
				v.SetString(name)
			}
		}
		switch value.Target.Kind() {
		case reflect.String:
			trim(value.Target)
		case reflect.Slice:
			for i := range value.Target.Len() {
				trim(value.Target.Index(i))
			}
		}
	}
}
