package main

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/project"
	"github.com/confo-sync/confo-sync/target"
	"github.com/confo-sync/confo-sync/target/zk"
)

// accessRules returns what the project declares of access lists, as the target holds
// such; none where it holds none.
func (a *app) accessRules(t target.Target) ([]plan.AccessRule, error) {
	z, ok := t.(target.Identified)
	if !ok || len(a.rules.ACL) == 0 {
		return nil, nil
	}
	digests := a.digests(z)
	var rules []plan.AccessRule
	for _, declared := range a.rules.ACL {
		rule := plan.AccessRule{Pattern: declared.Pattern, Root: declared.Root, Position: declared.Position}
		for _, e := range declared.Entries {
			entries, err := digests.entries(e)
			if err != nil {
				return nil, err
			}
			rule.Access, rule.Text = append(rule.Access, entries...), append(rule.Text, e.String())
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// accessOf says of what access lists are read.
type accessOf func(plan.Key) bool

// declaredAccess reads the access lists that are declared.
func declaredAccess(rules []plan.AccessRule) accessOf {
	if len(rules) == 0 {
		return nil
	}
	return plan.Options{Access: rules}.HasAccess
}

// or reads the ACLs that one of two reads.
func (of accessOf) or(other accessOf) accessOf {
	if of == nil || other == nil {
		if of == nil {
			return other
		}
		return of
	}
	return func(k plan.Key) bool { return of(k) || other(k) }
}

// allAccess reads all of them.
func allAccess(plan.Key) bool { return true }

// digests finds the hashes of passwords.
type digests struct {
	app    *app
	target target.Identified
	known  map[string]string // by user
}

func (a *app) digests(t target.Identified) digests {
	return digests{app: a, target: t, known: map[string]string{}}
}

// entries returns an entry as the target holds it: of auth, one for each identity.
func (d digests) entries(e project.ACLEntry) (plan.Access, error) {
	switch {
	case e.Scheme == "auth":
		var all plan.Access
		for _, who := range d.target.Who() {
			all = append(all, who+":"+e.Rights)
		}
		if all == nil {
			return nil, target.WithHint(fmt.Errorf("%s: auth stands for the credentials of the connection, and there are none", e.Position),
				"give credentials, or declare a user in place of auth")
		}
		return all, nil
	case e.Scheme == "digest" && e.Hash == "":
		id, err := d.id(e)
		if err != nil && !d.app.applying {
			// Who plans may have no right to the password.
			d.app.warn(plan.Finding{
				Position: e.Position,
				Message:  "the password of " + plan.Quote(e.ID) + " is not known, so only the user's name is compared in the ACL",
				Hint:     "give it to apply: under users, with the credentials, or as a hash in the ACL",
			})
			id, err = e.ID+plan.HiddenHash, nil
			d.known[e.ID] = id
		}
		return plan.Access{"digest:" + id + ":" + e.Rights}, err
	case e.Scheme == "digest":
		return plan.Access{"digest:" + e.ID + ":" + e.Hash + ":" + e.Rights}, nil
	}
	return plan.Access{e.Scheme + ":" + e.ID + ":" + e.Rights}, nil
}

// id returns a user with the hash of the password: that which users says, or that of
// the credentials.
func (d digests) id(e project.ACLEntry) (string, error) {
	if id := d.known[e.ID]; id != "" {
		return id, nil
	}
	users := d.app.rules.Users
	for i := len(users) - 1; i >= 0; i-- {
		if users[i].Name != e.ID {
			continue
		}
		password, err := d.app.follow("the password of "+plan.Quote(e.ID), users[i].Credential)
		if err == nil && password == "" {
			err = target.WithHint(fmt.Errorf("%s: the password of %s is empty", users[i].Position, plan.Quote(e.ID)), "check the value of its reference")
		}
		if own := d.target.DigestOf(e.ID); err != nil && own != "" {
			return own, nil
		}
		if err != nil {
			return "", err
		}
		d.known[e.ID] = zk.DigestID(e.ID, password)
		return d.known[e.ID], nil
	}
	if id := d.target.DigestOf(e.ID); id != "" {
		return id, nil
	}
	return "", target.WithHint(&unknownUser{fmt.Sprintf("%s: the password of %s is not known, and the ACL needs its hash", e.Position, plan.Quote(e.ID))},
		fmt.Sprintf("add a reference to it, as in users: {%s: !env PASSWD}; or declare the hash: digest:%[1]s:HASH:%[2]s", plan.Printable(e.ID), e.Rights))
}

// unknownUser is the error of a user whose password is not known.
type unknownUser struct{ message string }

func (u *unknownUser) Error() string { return u.message }
