package main

import (
	"fmt"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/secret"
)

// tellIdentity says where to put an age identity, if none is found that decrypts a value
// which was just encrypted.
func (a *app) tellIdentity(armored string) {
	later := *a
	later.sealed = nil // which only this run knows
	resolver := later.references(a.place()).Resolver
	if resolver == nil {
		return
	}
	if _, err := resolver.Age(armored); err == nil {
		return
	}
	usual := ""
	if file := secret.UsualFile(a.env); file != "" {
		usual = fmt.Sprintf(", or save the identity as %s", plan.Printable(file))
	}
	a.notice("plan and apply now need an age identity for these values: use --age-identity FILE or %s%s.", secret.IdentityVariable, usual)
}

// tellRecipients says that the project does not have the recipients of the command line, so
// that other commands can't encrypt to them.
func (a *app) tellRecipients(f recipientFlags) {
	switch {
	case len(f.Recipient) == 0:
	case a.project == nil:
		a.notice("There is no project file with recipients, so pull can't encrypt changed values again, and edit needs --recipient. To create one, run confo-sync init --recipient age1….")
	case len(a.project.Recipients) == 0:
		a.notice("%s has no recipients, so pull can't encrypt changed values again, and edit needs --recipient. Add recipients: [age1…] to it.", plan.Printable(a.project.Path))
	}
}

// tellEncrypted says how many sensitive values were written encrypted, although they are new.
func (a *app) tellEncrypted(values int, dryRun bool) {
	if values == 0 {
		return
	}
	a.notice("%s: %s.", map[bool]string{false: "Encrypted", true: "Would encrypt"}[dryRun], plural(values, "new sensitive value"))
	for armored := range a.sealed {
		if !dryRun {
			a.tellIdentity(armored)
		}
		break // one stands for all
	}
}
