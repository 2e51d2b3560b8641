package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/sensitive"
	"github.com/confo-sync/confo-sync/source/secret"
)

// rules returns the functions for the keys that a project and its environments share.
func (r *reader) rules(to *Rules) map[string]func(*yaml.Node) {
	return map[string]func(*yaml.Node){
		"sensitive": func(n *yaml.Node) { r.patterns(n, &to.Sensitive) },
		"public":    func(n *yaml.Node) { r.patterns(n, &to.Public) },
		"ignore":    func(n *yaml.Node) { r.patterns(n, &to.Ignore) },
		"keep":      func(n *yaml.Node) { r.patterns(n, &to.Keep) },
		"protect":   func(n *yaml.Node) { r.protections(n, &to.Protect) },
		"acl":       func(n *yaml.Node) { r.acl(n, &to.ACL) },
		"users":     func(n *yaml.Node) { r.users(n, &to.Users) },
		"prune":     func(n *yaml.Node) { r.prune(n, &to.Prune) },
		"allow_env": func(n *yaml.Node) { r.variables(n, &to.AllowEnv) },
		"limits": func(n *yaml.Node) {
			r.mapping(n, "limits", map[string]func(*yaml.Node){
				"delete_percent": func(n *yaml.Node) { r.percent(n, &to.DeletePercent) },
			})
		},
	}
}

func (r *reader) text(n *yaml.Node, to *string) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		r.fail(n, "this must be a text", "write it after the colon")
		return
	}
	*to = n.Value
}

// path reads a path that is relative to the project file.
func (r *reader) path(n *yaml.Node, to *string) bool {
	var text string
	r.text(n, &text)
	if text == "" || !r.isPath(n, text) {
		return false
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(r.project.Dir, filepath.FromSlash(text))
	}
	if !r.bounded(n, text) {
		return false
	}
	*to = text
	return true
}

// isPath rejects a path that starts with "~" or a variable, because these are not
// expanded.
func (r *reader) isPath(n *yaml.Node, path string) bool {
	switch {
	case strings.HasPrefix(path, "~"):
		r.fail(n, "~ is not expanded here", "write the full path; for a folder that is named ~ write ./~")
	case strings.HasPrefix(path, "$"):
		r.fail(n, "variables are not expanded here", "write the full path; for a folder whose name begins with $ write ./$")
	default:
		return true
	}
	return false
}

// folder reads the path of an existing folder.
func (r *reader) folder(n *yaml.Node, to *string) {
	if !r.path(n, to) {
		return
	}
	if message, hint := noFolder(*to); message != "" {
		r.fail(n, message, hint)
	}
}

// noFolder returns why a path is not a folder, and what to do. Both are empty if it is one.
func noFolder(path string) (message, hint string) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return fmt.Sprintf("there is no folder %s", plan.Quote(filepath.ToSlash(path))), "create it, or name another folder; the path is relative to this file"
	case !info.IsDir():
		return fmt.Sprintf("%s is not a folder", plan.Quote(filepath.ToSlash(path))), "name a folder"
	}
	return "", ""
}

// overlays reads the overlays of an environment. Those that do not exist are errors only
// for commands that use the environment.
func (r *reader) overlays(n *yaml.Node, e *Environment) {
	items := r.items(n)
	if len(items) > maxOverlays {
		r.fail(n, fmt.Sprintf("an environment has at most %d overlays, and these are %d", maxOverlays, len(items)), "put the files of several overlays into one")
		return
	}
	for _, item := range items {
		var path string
		if !r.path(item, &path) {
			continue
		}
		if message, hint := noFolder(path); message != "" {
			e.Missing = append(e.Missing, r.finding(item, message, hint))
			continue
		}
		e.Overlays = append(e.Overlays, path)
	}
}

// recipients reads the age recipients. Invalid ones are not quoted in errors, because
// they may be identities.
func (r *reader) recipients(n *yaml.Node, to *[]string) {
	for _, item := range r.items(n) {
		var text string
		r.text(item, &text)
		if text == "" {
			continue
		}
		var wrong *secret.Error
		if _, err := secret.ParseRecipients([]string{text}); errors.As(err, &wrong) {
			r.findings = append(r.findings, plan.Finding{
				Position: r.position(item), Message: "this is not a recipient that age supports", Hint: wrong.Hint,
			})
		}
		*to = append(*to, text)
	}
}

// variables reads patterns of names of environment variables.
func (r *reader) variables(n *yaml.Node, to *[]string) {
	for _, item := range r.items(n) {
		var text string
		r.text(item, &text)
		if strings.ContainsAny(text, "=$ \t") {
			r.fail(item, fmt.Sprintf("%s can't be the name of an environment variable", plan.Quote(text)), "write a name, as in DB_PASSWORD, or a pattern, as in SHOP_*")
		} else if text != "" {
			*to = append(*to, text)
		}
	}
}

// items returns the elements of a list. A scalar is a list of one element.
func (r *reader) items(n *yaml.Node) []*yaml.Node {
	switch n.Kind {
	case yaml.SequenceNode:
		return n.Content
	case yaml.ScalarNode:
		if n.Tag != "!!null" {
			return []*yaml.Node{n}
		}
		return nil
	}
	r.fail(n, "this must be a list", "write each element on its own line after a hyphen")
	return nil
}

// target reads a URL. A path in it is relative to the project file.
func (r *reader) target(n *yaml.Node, to *string) {
	r.text(n, to)
	if sensitive.HoldsUserinfo(*to) {
		r.fail(n, "a URL can't have a user or password, because URLs are shown and logged", "use credentials: in this file, or CONFO_SYNC_ZK_USER and CONFO_SYNC_ZK_PASSWD")
		*to = ""
		return
	}
	path, ok := strings.CutPrefix(*to, "file:")
	if ok && !r.isPath(n, path) {
		*to = ""
		return
	}
	if ok && path != "" && !filepath.IsAbs(path) {
		*to = "file:" + filepath.Join(r.project.Dir, filepath.FromSlash(path))
	}
}

func (r *reader) patterns(n *yaml.Node, to *[]plan.Pattern) {
	for _, item := range r.items(n) {
		if p, ok := r.pattern(item); ok {
			*to = append(*to, p)
		}
	}
}

func (r *reader) pattern(n *yaml.Node) (plan.Pattern, bool) {
	var text string
	r.text(n, &text)
	if text == "" {
		return plan.Pattern{}, false
	}
	p, err := plan.ParsePattern(text)
	p.Position = r.position(n)
	if err != nil {
		r.fail(n, err.Error(), `write a path, as in "shop/*/password" or "**/last_seen"`)
	}
	r.countWildcards(n, text)
	return p, err == nil
}

// countWildcards rejects a project with too many different levels that have several
// wildcards.
func (r *reader) countWildcards(n *yaml.Node, pattern string) {
	for level := range strings.SplitSeq(pattern, "/") {
		if strings.Contains(level, "*") && strings.ContainsAny(level, "?[") && !r.wildcards[level] {
			if r.mixed += len(level); r.mixed > maxMixed && r.mixed-len(level) <= maxMixed {
				r.fail(n, fmt.Sprintf("the names with * and with ? or [ in the patterns of a project have at most %d bytes together", maxMixed), "write shorter names")
			}
		}
		if level == "**" || r.wildcards[level] || strings.Count(level, "*")+strings.Count(level, "?") < 2 {
			continue
		}
		if r.wildcards == nil {
			r.wildcards = map[string]bool{}
		}
		r.wildcards[level] = true
		if len(r.wildcards) == maxWildcards+1 {
			r.fail(n, fmt.Sprintf("the patterns of a project have at most %d different names with more than one * or ?", maxWildcards), "write fewer patterns, with one * in a name")
		}
	}
}

// protections reads patterns, or mappings of a path and the forbidden actions.
func (r *reader) protections(n *yaml.Node, to *[]plan.Protection) {
	for _, item := range r.items(n) {
		var p plan.Protection
		ok := false
		if item.Kind == yaml.ScalarNode {
			p.Pattern, ok = r.pattern(item)
			p.Delete = true
		} else {
			r.mapping(item, "a protection", map[string]func(*yaml.Node){
				"path": func(n *yaml.Node) { p.Pattern, ok = r.pattern(n) },
				"from": func(n *yaml.Node) { r.from(n, &p) },
			})
			p.Delete = p.Delete || !p.Update
			if item.Kind == yaml.MappingNode && !has(item, "path") {
				r.fail(item, "a protection needs a path", "write {path: shop/*, from: [update, delete]}")
			}
		}
		if ok {
			*to = append(*to, p)
		}
	}
}

func (r *reader) from(n *yaml.Node, p *plan.Protection) {
	for _, item := range r.items(n) {
		switch item.Value {
		case "update":
			p.Update = true
		case "delete":
			p.Delete = true
		default:
			r.fail(item, fmt.Sprintf("%s can't be protected against", plan.Quote(item.Value)), "use update or delete")
		}
	}
}

// prunes are the prune modes.
var prunes = []string{"none", "configurations", "namespaces"}

func (r *reader) prune(n *yaml.Node, to *string) {
	r.text(n, to)
	if *to != "" && !slices.Contains(prunes, *to) {
		hint := "use one of " + strings.Join(prunes, ", ")
		if meant := plan.Closest(*to, prunes); meant != "" {
			hint = "did you mean " + meant + "?"
		}
		r.fail(n, fmt.Sprintf("prune can't be %s", plan.Quote(*to)), hint)
	}
}

func (r *reader) percent(n *yaml.Node, to **int) {
	value, err := strconv.Atoi(n.Value)
	if err != nil || value < 0 || value > 100 {
		r.fail(n, "delete_percent must be a number from 0 to 100", "write 100 to allow all deletions")
		return
	}
	*to = &value
}
