// Package render shows plans: as text for a terminal, as JSON for programs.
//
// A Report is what is shown, with everything sensitive masked already; the
// encoders only write it down. They never reach for a target.
package render

import (
	"slices"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// The kinds of reports.
const (
	KindPlan     = "confo-sync/plan"
	KindApply    = "confo-sync/apply"
	KindDiff     = "confo-sync/diff"
	KindPull     = "confo-sync/pull"
	KindValidate = "confo-sync/validate"
	KindRender   = "confo-sync/render"
	KindPromote  = "confo-sync/promote"
	KindMatrix   = "confo-sync/matrix"
	KindEnvs     = "confo-sync/envs"
	KindInit     = "confo-sync/init"
	KindFmt      = "confo-sync/fmt"
	KindEncrypt  = "confo-sync/encrypt"
	KindDecrypt  = "confo-sync/decrypt"
	KindRotate   = "confo-sync/rotate"
	KindEdit     = "confo-sync/edit"
	KindGet      = "confo-sync/get"
	KindHistory  = "confo-sync/history"
	KindRollback = "confo-sync/rollback"
	KindBackup   = "confo-sync/backup"
	KindRestore  = "confo-sync/restore"
)

// Version is that of the report's form. It grows when a field changes its
// meaning or goes away; new fields may come without.
const Version = 1

// Report is what a command shows. Its JSON form is docs/report.schema.json.
type Report struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
	// Environment is the target's name in the project, if it has one.
	Environment string    `json:"environment,omitempty"`
	Target      string    `json:"target"`
	Source      string    `json:"source"`
	Commit      string    `json:"commit,omitempty"`         // of the source; with a "+" it has changes beside it
	Only        []string  `json:"only,omitempty"`           // what --only or paths select
	Missing     bool      `json:"target_missing,omitempty"` // the target's root does not exist yet
	Snapshot    *Snapshot `json:"snapshot,omitempty"`
	Summary     Summary   `json:"summary"`
	// Namespaces are those that change, by name.
	Namespaces []Namespace `json:"namespaces"`
	// Fingerprint names exactly what applying the plan would do.
	Fingerprint string    `json:"fingerprint,omitempty"`
	Changes     Changes   `json:"changes"`
	Kept        []Kept    `json:"kept"`
	Foreign     []Foreign `json:"foreign"`
	Warnings    []Finding `json:"warnings"`
	Errors      []Finding `json:"errors"`
	Moved       Changes   `json:"moved,omitzero"`
	// Stale is what keeps a saved plan from being applied.
	Stale      []Stale   `json:"stale,omitempty"`
	Applied    *Applied  `json:"applied,omitempty"`
	RolledBack *Applied  `json:"rolled_back,omitempty"` // of that, after a failure
	Written    *Written  `json:"written,omitempty"`
	Files      []File    `json:"files,omitempty"`
	Suspects   []Suspect `json:"suspects,omitempty"`
	Tree       *Tree     `json:"tree,omitempty"`
	// Names are what get lists, and Value is what it prints.
	Names        []string      `json:"names,omitempty"`
	Value        *Value        `json:"value,omitempty"`
	Matrix       *Matrix       `json:"matrix,omitempty"`
	Environments []Environment `json:"environments,omitempty"`
	// RootAccess is the access list that the root is made with, if that is declared.
	RootAccess []string `json:"root_access,omitempty"`
	// Access are the access lists that change, from the bottom up.
	Access []Access `json:"access,omitempty"`
	// Exact are the steps of restore --exact, beside changes of configurations.
	Exact []Exact `json:"exact,omitempty"`
	// Backups are those that a command made, or found.
	Backups []Backup `json:"backups,omitempty"`
	// History are applies, the newest first.
	History []Recorded `json:"history,omitempty"`
	// Status is what there is to say of the target.
	Status *Status `json:"status,omitempty"`

	masker   *masker
	compared bool // a plan was added
}

// Changed reports whether there are any changes.
func (r *Report) Changed() bool { return r.Changes.Len() > 0 }

// Plain returns the report with nothing masked.
func (r *Report) Plain() *Report {
	plain := *r
	plain.masker = &masker{Sensitivity: r.masker.Sensitivity, show: true}
	plain.Changes.masker, plain.Moved.masker = plain.masker, plain.masker
	return &plain
}

// Snapshot is the instant as of which a ZooKeeper was read.
type Snapshot struct {
	Zxid int64     `json:"zxid"`
	Time time.Time `json:"time"`
}

// Summary counts changes, and the transactions they take.
type Summary struct {
	Tally
	// Unchanged counts the configurations that were compared and don't differ. Of
	// UnchangedInPart among them, only some fields were compared.
	Unchanged       int `json:"unchanged"`
	UnchangedInPart int `json:"unchanged_in_part,omitempty"`
	Transactions    int `json:"transactions"`
	// Access counts the access lists that change, each in a step of its own.
	Access int `json:"access,omitempty"`
}

// Environment is one of a project, and what was found of it.
type Environment struct {
	Name     string   `json:"name"`
	Target   string   `json:"target"`
	Overlays []string `json:"overlays"`
	// State is reachable; empty, when nothing was applied yet; or unreachable,
	// with an error.
	State string     `json:"state"`
	Error string     `json:"error,omitempty"`
	Last  *LastApply `json:"last_apply,omitempty"`
}

// LastApply is the last apply that an environment's history knows.
type LastApply struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Who    string    `json:"who"`
	Actor  string    `json:"actor,omitempty"` // for whom a CI job ran
	Reason string    `json:"reason,omitempty"`
	Commit string    `json:"commit,omitempty"`
}

// Namespace counts the changes to a namespace and to its configurations.
type Namespace struct {
	Name string `json:"namespace"`
	Counts
	// Action is create or delete if the namespace itself is created or deleted.
	// The counts include this change.
	Action string `json:"action,omitempty"`
}

// Configurations counts the changes to configurations of the namespace.
func (n Namespace) Configurations() Counts {
	c := n.Counts
	switch n.Action {
	case plan.Create.String():
		c.Create--
	case plan.Delete.String():
		c.Delete--
	}
	return c
}

// Stale is an object that a saved plan would treat differently now.
type Stale struct {
	Object
	// Side is where it moved: in the tree, at the target, or either, when that
	// can't be told.
	Side   string  `json:"side"`
	Source *Source `json:"source,omitempty"`
	// Maybe says that nothing that may be shown has changed: only one of those
	// that say so need have moved.
	Maybe bool   `json:"maybe,omitempty"`
	By    string `json:"by,omitempty"` // who changed it, from the history
}

// Written counts what a pull wrote.
type Written struct {
	Files          int `json:"files"`
	Namespaces     int `json:"namespaces"`
	Configurations int `json:"configurations"`
	Sensitive      int `json:"sensitive"` // values in plain text that reports would mask
}

// Suspect is a field that looks like a secret and is neither marked, nor sensitive,
// nor public.
type Suspect struct {
	Namespace     string  `json:"namespace"`
	Configuration string  `json:"configuration"`
	Field         string  `json:"field"`
	Source        *Source `json:"source,omitempty"`
}

// AddSuspects adds the fields that validate lists.
func (r *Report) AddSuspects(suspects []plan.Suspect) {
	for _, s := range suspects {
		r.Suspects = append(r.Suspects, Suspect{
			Namespace: s.Key.Namespace, Configuration: s.Key.Config, Field: s.Path.String(), Source: source(s.Position),
		})
	}
}

// File is a file of the tree that a command changes, or with a patch would.
type File struct {
	File   string `json:"file"`
	Action string `json:"action"` // create, update or delete
	Patch  string `json:"patch,omitempty"`
}

// Access is an access list that changes. What is shown of one has no hashes of
// passwords.
type Access struct {
	Path   string   `json:"path"` // from the root on, which is "/"
	Before []string `json:"before"`
	After  []string `json:"after"`
	Source *Source  `json:"source,omitempty"`
	// Note says what can't be seen: that only a password is another.
	Note string `json:"note,omitempty"`
}

// Exact is a step of restore --exact.
type Exact struct {
	Path   string   `json:"path"`   // below the root
	Action string   `json:"action"` // create, update or delete
	What   string   `json:"what"`   // in words
	Access []string `json:"access,omitempty"`
}

// Backup is an archive, and what its manifest says of it.
type Backup struct {
	File           string    `json:"file"`
	Size           int64     `json:"size"` // bytes
	Encrypted      bool      `json:"encrypted"`
	Target         string    `json:"target"`
	Backend        string    `json:"backend"`
	Time           time.Time `json:"time"`
	Zxid           int64     `json:"zxid,omitempty"`
	Namespaces     int       `json:"namespaces"`
	Configurations int       `json:"configurations"`
	Foreign        int       `json:"foreign"`
	History        int       `json:"history"`
	Bytes          int64     `json:"bytes"` // stored in it
	Gaps           int       `json:"gaps"`
	// State is complete, incomplete (with gaps), unread (without an identity), or damaged;
	// with why it is not whole.
	State   string    `json:"state,omitempty"`
	Why     string    `json:"why,omitempty"`
	Missing []Missing `json:"missing,omitempty"` // the gaps
	// Kept says why prune keeps it; empty when it does not.
	Kept []string `json:"kept,omitempty"`
}

// Missing is what could not be read when an archive was made.
type Missing struct {
	Path string `json:"path"` // below the root
	Why  string `json:"why"`
}

// Object names a namespace, or with a configuration that.
type Object struct {
	Namespace     string  `json:"namespace"`
	Configuration *string `json:"configuration"`
}

// Key returns the object's key.
func (o Object) Key() plan.Key {
	k := plan.Key{Namespace: o.Namespace}
	if o.Configuration != nil {
		k.Config = *o.Configuration
	}
	return k
}

func object(k plan.Key) Object {
	o := Object{Namespace: k.Namespace}
	if !k.IsNamespace() {
		o.Configuration = &k.Config
	}
	return o
}

// Change is a change to one object.
type Change struct {
	Object
	Action string  `json:"action"`
	Source *Source `json:"source"`
	Edits  []Edit  `json:"edits"`
	// Access is the access list that is declared for what is created.
	Access []string `json:"access,omitempty"`
	// UnchangedFields counts those that an update leaves alone.
	UnchangedFields int `json:"unchanged_fields"`
}

// Sensitive reports whether something in the change is masked.
func (c Change) Sensitive() bool {
	return slices.ContainsFunc(c.Edits, func(e Edit) bool { return e.Sensitive })
}

// Source is a place in a file of the tree.
type Source struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

func source(p plan.Position) *Source {
	if p.File == "" {
		return nil
	}
	return &Source{File: p.File, Line: int(p.Line), Column: int(p.Column)}
}

// Edit is a change to one field. What is sensitive in its values is masked.
type Edit struct {
	Path Path `json:"path"`
	// Name is the path as people write it, with elements of lists by their
	// names if they have such: pool.max, servers[name=web].host. It is empty
	// for the whole configuration.
	Name   string `json:"name"`
	Action string `json:"action"` // add, remove, replace or move
	Before *Value `json:"before,omitempty"`
	After  *Value `json:"after,omitempty"`
	// Source is where the tree decides the value, when that is not the file of
	// its object.
	Source *Source `json:"source,omitempty"`
	// To is where in its list an element that moved stands afterwards.
	To *int `json:"to,omitempty"`
	// Inner says how JSON differs that the strings before and after hold.
	Inner []Edit `json:"inner,omitempty"`
	// InnerUnchanged counts the fields within that JSON that don't differ.
	InnerUnchanged int `json:"inner_unchanged,omitempty"`
	// Note says what can't be seen at a glance: "string -> integer", "only
	// white space differs".
	Note       string `json:"note,omitempty"`
	Sensitive  bool   `json:"sensitive"`
	Unreadable string `json:"unreadable,omitempty"` // why the side that is missing can't be shown
	// Stored is what that side holds all the same, as a text.
	Stored *Value `json:"stored,omitempty"`
}

// Path is a plan.Path as a list of names and numbers.
type Path struct{ plan.Path }

// Foreign is something at the target that is not Confo's.
type Foreign struct {
	Object
	Path string `json:"path"`
	What string `json:"what"`
}

// Finding is an error or a warning.
type Finding struct {
	Object  *Object `json:"object,omitempty"`
	Source  *Source `json:"source,omitempty"`
	Message string  `json:"message"`
	Hint    string  `json:"hint,omitempty"`
	Excerpt string  `json:"excerpt,omitempty"`
	// Names are all of which Message lists the first.
	Names []string `json:"names,omitempty"`
}

// Findings returns what package source or plan found, as reports hold it.
func Findings(found []plan.Finding) []Finding {
	all := make([]Finding, 0, len(found))
	for _, f := range found {
		r := Finding{Source: source(f.Position), Message: f.Message, Hint: f.Hint, Excerpt: f.Excerpt, Names: f.Names}
		if f.Key.Namespace != "" {
			o := object(f.Key)
			r.Object = &o
		}
		all = append(all, r)
	}
	return all
}

// New returns the report of a kind with nothing in it.
func New(kind, target, source string) *Report {
	return &Report{
		Kind: kind, Version: Version, Target: target, Source: source,
		masker: &masker{numbers: map[string]int{}}, Namespaces: []Namespace{}, Kept: []Kept{}, Foreign: []Foreign{},
		Warnings: []Finding{}, Errors: []Finding{},
	}
}

// Add puts a plan into the report.
func (r *Report) Add(p *plan.Plan, transactions int, sensitivity plan.Sensitivity) {
	r.compared = true
	r.Summary = Summary{
		Tally: Count(p.Changes), Unchanged: p.Unchanged, UnchangedInPart: p.UnchangedInPart,
		Transactions: transactions, Access: len(p.Access),
	}
	if p.Root != nil {
		r.RootAccess = p.Root.Shown()
	}
	for _, c := range p.Access {
		r.Access = append(r.Access, newAccess(c))
	}
	r.Namespaces = byNamespace(p.Changes)
	r.masker = &masker{Sensitivity: sensitivity, numbers: map[string]int{}}
	r.Changes = Changes{plan: p.Changes, masker: r.masker}
	for _, k := range p.Kept {
		r.Kept = append(r.Kept, Kept{Object: object(k)})
	}
	r.AddForeign(p.Foreign)
	r.Errors = append(r.Errors, Findings(p.Problems)...)
}

// byNamespace counts changes, which are in order.
func byNamespace(changes []plan.Change) []Namespace {
	counts := []Namespace{}
	for i := range changes {
		if name := changes[i].Key.Namespace; len(counts) == 0 || counts[len(counts)-1].Name != name {
			counts = append(counts, Namespace{Name: name})
		}
		n := &counts[len(counts)-1]
		n.Counts.add(changes[i].Action)
		if changes[i].Key.IsNamespace() {
			n.Action = changes[i].Action.String()
		}
	}
	return counts
}

// AddStale puts an object into the report that has moved since a plan was saved.
func (r *Report) AddStale(k plan.Key, side string, position plan.Position, maybe bool, by string) {
	r.Stale = append(r.Stale, Stale{Object: object(k), Side: side, Source: source(position), Maybe: maybe, By: by})
}

// AddMoved puts what moved at the target since the plan was made into the
// report: what the plan saw is before, what is there now after.
func (r *Report) AddMoved(moved []plan.Change) {
	r.Moved = Changes{plan: moved, masker: r.masker}
}
