// Package render formats plans: as text for a terminal, as JSON for programs, as HTML
// and as Markdown.
//
// A Report holds everything that is shown. Its sensitive values are masked. The
// functions that format it do not access a target.
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

// Version is the version of the report format. It increases if a field is removed or
// changes its meaning. New fields may be added without a new version.
const Version = 1

// Report is the output of a command. docs/report.schema.json describes its JSON form.
type Report struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
	// Environment is the name of the environment in the project, if there is one.
	Environment string    `json:"environment,omitempty"`
	Target      string    `json:"target"`
	Source      string    `json:"source"`
	Commit      string    `json:"commit,omitempty"`         // of the source; with a "+" it has changes beside it
	Only        []string  `json:"only,omitempty"`           // what --only or paths select
	Prune       string    `json:"prune,omitempty"`          // level of --prune, if the command has levels
	Missing     bool      `json:"target_missing,omitempty"` // the target's root does not exist yet
	Snapshot    *Snapshot `json:"snapshot,omitempty"`
	Summary     Summary   `json:"summary"`
	// Namespaces are the changed namespaces, sorted by name.
	Namespaces []Namespace `json:"namespaces"`
	// Fingerprint identifies the exact effect of the plan.
	Fingerprint string    `json:"fingerprint,omitempty"`
	Changes     Changes   `json:"changes"`
	Kept        []Kept    `json:"kept"`
	Foreign     []Foreign `json:"foreign"`
	Warnings    []Finding `json:"warnings"`
	Errors      []Finding `json:"errors"`
	Moved       Changes   `json:"moved,omitzero"`
	// Stale lists the changes that prevent applying a saved plan.
	Stale      []Stale   `json:"stale,omitempty"`
	Applied    *Applied  `json:"applied,omitempty"`
	RolledBack *Applied  `json:"rolled_back,omitempty"` // the part of Applied that was rolled back after a failure
	Written    *Written  `json:"written,omitempty"`
	Files      []File    `json:"files,omitempty"`
	Suspects   []Suspect `json:"suspects,omitempty"`
	Tree       *Tree     `json:"tree,omitempty"`
	// Names is the list that get prints, and Value the value that it prints.
	Names        []string      `json:"names,omitempty"`
	Value        *Value        `json:"value,omitempty"`
	Matrix       *Matrix       `json:"matrix,omitempty"`
	Environments []Environment `json:"environments,omitempty"`
	// RootAccess is the declared ACL of a root that is created.
	RootAccess []string `json:"root_access,omitempty"`
	// Access are the ACL changes, children first.
	Access []Access `json:"access,omitempty"`
	// Exact are the steps of restore --exact that do not change configurations.
	Exact []Exact `json:"exact,omitempty"`
	// Backups are the backups that a command created or found.
	Backups []Backup `json:"backups,omitempty"`
	// History are applies, newest first.
	History []Recorded `json:"history,omitempty"`
	// Status describes the target.
	Status *Status `json:"status,omitempty"`

	masker   *masker
	compared bool // a plan was added
}

// Changed reports whether there are any changes.
func (r *Report) Changed() bool { return r.Changes.Len() > 0 }

// Plain returns a copy of the report without masking.
func (r *Report) Plain() *Report {
	plain := *r
	plain.masker = &masker{Sensitivity: r.masker.Sensitivity, show: true}
	plain.Changes.masker, plain.Moved.masker = plain.masker, plain.masker
	return &plain
}

// Snapshot is the instant that a ZooKeeper target was read at.
type Snapshot struct {
	Zxid int64     `json:"zxid"`
	Time time.Time `json:"time"`
}

// Summary counts changes and their transactions.
type Summary struct {
	Tally
	// Unchanged counts the configurations that were compared and don't differ. Of
	// UnchangedInPart among them, only some fields were compared.
	Unchanged       int `json:"unchanged"`
	UnchangedInPart int `json:"unchanged_in_part,omitempty"`
	// Ignored counts the configurations at the target that a plan ignores.
	Ignored      int `json:"ignored,omitempty"`
	Transactions int `json:"transactions"`
	// Access counts the access lists that change, each in a step of its own.
	Access int `json:"access,omitempty"`
}

// Environment is an environment of a project and its state.
type Environment struct {
	Name     string   `json:"name"`
	Target   string   `json:"target"`
	Overlays []string `json:"overlays"`
	// State is "reachable", "unreachable" (with an error), or "empty" if nothing was
	// applied yet.
	State string     `json:"state"`
	Error string     `json:"error,omitempty"`
	Last  *LastApply `json:"last_apply,omitempty"`
}

// LastApply is the last apply in an environment's history.
type LastApply struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Who    string    `json:"who"`
	Actor  string    `json:"actor,omitempty"` // the user that the CI job ran for
	Reason string    `json:"reason,omitempty"`
	Commit string    `json:"commit,omitempty"`
}

// Namespace counts the changes to a namespace and its configurations.
type Namespace struct {
	Name string `json:"namespace"`
	Counts
	// Action is create or delete if the namespace itself is created or deleted. The
	// counts include this change.
	Action string `json:"action,omitempty"`
}

// Configurations counts the changes to the namespace's configurations.
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

// Stale is an object that a saved plan would now treat differently.
type Stale struct {
	Object
	// Side is the side that has changed: tree, target, or either if this is unknown.
	Side   string  `json:"side"`
	Source *Source `json:"source,omitempty"`
	// Maybe says that no visible value of the object has changed. At least one of all
	// objects with Maybe has changed.
	Maybe bool   `json:"maybe,omitempty"`
	By    string `json:"by,omitempty"` // who changed it, from the history
}

// Written counts what pull wrote.
type Written struct {
	Files          int `json:"files"`
	Namespaces     int `json:"namespaces"`
	Configurations int `json:"configurations"`
	Sensitive      int `json:"sensitive"` // values in plain text that reports would mask
}

// Suspect is a field that looks like a secret but is neither marked nor sensitive nor
// public.
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

// File is a file of the tree that a command changes. With Patch, it only shows the
// change.
type File struct {
	File   string `json:"file"`
	Action string `json:"action"` // create, update or delete
	Patch  string `json:"patch,omitempty"`
}

// Access is an ACL change, without password hashes.
type Access struct {
	Path   string   `json:"path"` // absolute below the root, which is "/"
	Before []string `json:"before"`
	After  []string `json:"after"`
	Source *Source  `json:"source,omitempty"`
	// Note describes an invisible difference, such as a different password.
	Note string `json:"note,omitempty"`
}

// Exact is a step of restore --exact.
type Exact struct {
	Path   string   `json:"path"`   // below the root
	Action string   `json:"action"` // create, update or delete
	What   string   `json:"what"`   // description
	Access []string `json:"access,omitempty"`
}

// Backup describes an archive and its manifest.
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
	Bytes          int64     `json:"bytes"` // number of stored bytes
	Gaps           int       `json:"gaps"`
	// State is complete, incomplete (with gaps), unread (without an identity) or
	// damaged. Why gives the reason if it is not complete.
	State   string    `json:"state,omitempty"`
	Why     string    `json:"why,omitempty"`
	Missing []Missing `json:"missing,omitempty"` // the gaps
	// Kept says why prune keeps the backup. It is empty if prune deletes it.
	Kept []string `json:"kept,omitempty"`
}

// Missing is an object that could not be read when an archive was made.
type Missing struct {
	Path string `json:"path"` // below the root
	Why  string `json:"why"`
}

// Object identifies a configuration, or a namespace if Configuration is nil.
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
	// Access is the ACL that the object is created with.
	Access []string `json:"access,omitempty"`
	// UnchangedFields is the number of fields that an update does not change.
	UnchangedFields int `json:"unchanged_fields"`
}

// Sensitive reports whether the change has masked values.
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

// Edit is a change to one field. Its sensitive values are masked.
type Edit struct {
	Path Path `json:"path"`
	// Name is the path as users write it, with the names of list elements: pool.max,
	// servers[name=web].host. It is empty for the complete configuration.
	Name   string `json:"name"`
	Action string `json:"action"` // add, remove, replace or move
	Before *Value `json:"before,omitempty"`
	After  *Value `json:"after,omitempty"`
	// Source is the place in the tree that sets the value, if it is in another file
	// than the object.
	Source *Source `json:"source,omitempty"`
	// To is the new index of a moved element.
	To *int `json:"to,omitempty"`
	// Inner are the differences between the JSON texts in the strings Before and After.
	Inner []Edit `json:"inner,omitempty"`
	// InnerUnchanged is the number of equal fields in that JSON.
	InnerUnchanged int `json:"inner_unchanged,omitempty"`
	// Note describes a difference that is hard to see: "string -> integer", "only white
	// space differs".
	Note       string `json:"note,omitempty"`
	Sensitive  bool   `json:"sensitive"`
	Unreadable string `json:"unreadable,omitempty"` // why the missing side can't be shown
	// Stored is the text of the missing side.
	Stored *Value `json:"stored,omitempty"`
}

// Path is a plan.Path that is encoded as a list of names and numbers.
type Path struct{ plan.Path }

// Foreign is a foreign object at the target.
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
	// Names are all names, if Message lists only the first ones.
	Names []string `json:"names,omitempty"`
}

// Findings converts findings to their form in reports.
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

// New returns an empty report.
func New(kind, target, source string) *Report {
	return &Report{
		Kind: kind, Version: Version, Target: target, Source: source,
		masker: &masker{numbers: map[string]int{}}, Namespaces: []Namespace{}, Kept: []Kept{}, Foreign: []Foreign{},
		Warnings: []Finding{}, Errors: []Finding{},
	}
}

// Add adds a plan to the report. transactions is the number of transactions that it
// takes.
func (r *Report) Add(p *plan.Plan, transactions int, sensitivity plan.Sensitivity) {
	r.compared = true
	r.Summary = Summary{
		Tally: Count(p.Changes), Unchanged: p.Unchanged, UnchangedInPart: p.UnchangedInPart, Ignored: p.Ignored,
		Transactions: transactions, Access: CountACLs(p.Access),
	}
	if p.Root != nil {
		r.RootAccess = p.Root.Shown()
	}
	changes := r.addOthers(p)
	r.Namespaces = byNamespace(changes)
	r.masker = &masker{Sensitivity: sensitivity, numbers: map[string]int{}}
	r.Changes = Changes{plan: changes, masker: r.masker}
	for _, k := range p.Kept {
		r.Kept = append(r.Kept, Kept{Object: object(k)})
	}
	r.AddForeign(p.Foreign)
	r.Errors = append(r.Errors, Findings(p.Problems)...)
}

// addOthers adds the changes of ACLs, modes and foreign objects to the report. It returns
// the changes of namespaces and configurations, sorted.
func (r *Report) addOthers(p *plan.Plan) []plan.Change {
	for i := range p.Access {
		if c := &p.Access[i]; c.IsOfCreation() {
			continue
		} else if isMode(c) {
			r.Exact = append(r.Exact, Exact{Path: c.Place(), Action: "update", What: c.What()})
		} else {
			r.Access = append(r.Access, newAccess(*c))
		}
	}
	if !slices.ContainsFunc(p.Changes, plan.Change.IsExact) {
		return p.Changes
	}
	var changes []plan.Change
	for _, c := range p.Changes {
		if c.IsForeign() {
			e := Exact{Path: c.Place(), Action: c.Action.String(), What: c.What()}
			if c.Action == plan.Create && c.New.Access != nil {
				e.Access = c.New.Access.Shown()
			}
			r.Exact = append(r.Exact, e)
		} else {
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(r.Exact, func(a, b Exact) int { return plan.ComparePaths(a.Path, b.Path) })
	slices.SortStableFunc(changes, func(a, b plan.Change) int { return a.Key.Compare(b.Key) })
	return changes
}

// byNamespace counts sorted changes by namespace.
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

// AddStale adds an object that has changed since a plan was saved. side is tree, target
// or either.
func (r *Report) AddStale(k plan.Key, side string, position plan.Position, maybe bool, by string) {
	r.Stale = append(r.Stale, Stale{Object: object(k), Side: side, Source: source(position), Maybe: maybe, By: by})
}

// AddMoved adds the changes at the target since the plan was made: from the state in
// the plan to the current state.
func (r *Report) AddMoved(moved []plan.Change) {
	r.Moved = Changes{plan: moved, masker: r.masker}
}
