package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/source/within"
	"github.com/confo-sync/confo-sync/target"
)

// declareAccess returns the project file with what the environment has to declare beside
// what it does so that the live access lists are as declared: nil when it does already.
// It also returns what can't be declared.
func (a *app) declareAccess(t target.Target, live *plan.Snapshot, takes func(namespace string) bool) (*source.Revised, []plan.Finding, error) {
	have, err := a.accessRules(t)
	if err != nil {
		return nil, nil, err
	}
	rules, left := plan.DeclareAccess(live, have, takes)
	lines, unknown, err := a.accessLines(t, rules)
	if left = append(left, unknown...); err != nil || len(lines) == 0 {
		return nil, left, err
	}
	before, err := within.New(append([]string{a.project.Root}, a.AllowFile...)...).ReadFile(a.project.Path)
	if err != nil {
		return nil, nil, err
	}
	after, err := project.AddACL(before, a.environment.Name, lines)
	if err != nil {
		texts := make([]string, len(lines))
		for i, l := range lines {
			texts[i] = l.String()
		}
		return nil, nil, target.WithHint(fmt.Errorf("the ACLs can't be added to %s: %w", plan.Printable(a.project.Path), err),
			"add this under acl by hand: "+plan.Printable(source.HideHashes(strings.Join(texts, "  "))))
	}
	return &source.Revised{Path: a.project.Path, Shown: a.project.Path, Before: before, After: after}, left, nil
}

// accessLines returns rules as a project file says them: users whose password is known
// by their names alone.
func (a *app) accessLines(t target.Target, rules []plan.AccessRule) (lines []project.ACLLine, left []plan.Finding, err error) {
	z := t.(target.Identified)
	digests := a.digests(z)
	hashes := 0
	for _, rule := range rules {
		line := project.ACLLine{Pattern: rule.Pattern.String()}
		if rule.Root {
			line.Pattern = project.RootPattern
		}
		for _, entry := range rule.Access {
			said, hashed, err := digests.said(entry)
			if err != nil {
				return nil, nil, err
			}
			if _, message, hint := project.ParseEntry(said); message != "" {
				left = append(left, plan.Finding{Message: "the ACL of " + plan.Printable(line.Pattern) + " can't be declared: " + message, Hint: hint})
				line.Entries = nil
				break
			}
			if line.Entries = append(line.Entries, said); hashed {
				hashes++
			}
		}
		if line.Entries != nil {
			lines = append(lines, line)
		}
	}
	if hashes > 0 {
		a.warn(plan.Finding{
			Message: fmt.Sprintf("the live ACLs have password hashes (%d): users who can read %s could try to guess the passwords", hashes, project.FileName),
			Hint:    "add references to the passwords under users, as in ops: !env OPS_PASSWD, and remove the hashes",
		})
	}
	return lines, left, nil
}

// said returns an entry as a project file says it, and whether it has a hash in it.
func (d digests) said(entry string) (text string, hashed bool, err error) {
	id, isDigest := strings.CutPrefix(entry, "digest:")
	if !isDigest {
		return entry, false, nil
	}
	user, _, _ := strings.Cut(id, ":")
	rights := id[strings.LastIndexByte(id, ':')+1:]
	known, err := d.id(project.ACLEntry{ID: user, Rights: rights})
	if err != nil {
		if errors.As(err, new(*unknownUser)) {
			return entry, true, nil
		}
		return "", false, err
	}
	if known+":"+rights == id {
		return "digest:" + user + ":" + rights, false, nil
	}
	return entry, true, nil
}
