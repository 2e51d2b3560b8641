package planfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/plan/render"
)

// version is the version of the plan file format.
const version = 1

// format identifies a plan file.
const format = "confo-sync/plan-file"

// File is a saved plan: its inputs, from which it can be made again, and its report.
type File struct {
	Header
	Report *render.Report
}

// Header is the first line of a plan file.
type Header struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Tool    string    `json:"tool"`
	Made    time.Time `json:"made"`

	Source      string `json:"source"`
	Target      string `json:"target"`
	Environment string `json:"environment,omitempty"`

	// The flags of the plan, as the user gave them.
	Prune      string   `json:"prune,omitempty"`
	Namespaces []string `json:"namespaces,omitempty"` // patterns
	Exclude    []string `json:"exclude,omitempty"`
	Only       []string `json:"only,omitempty"`

	DeletePercent *int     `json:"delete_percent,omitempty"`
	AllowEmpty    bool     `json:"allow_empty,omitempty"`
	AllowLockout  bool     `json:"allow_lockout,omitempty"`
	Protect       []string `json:"protect,omitempty"`

	// Promotion is set for a plan of promote.
	Promotion *Promotion `json:"promotion,omitempty"`
	// Restore is set for a plan of restore.
	Restore *Restore `json:"restore,omitempty"`
	// Rollback is set for a plan of rollback.
	Rollback *Rollback `json:"rollback,omitempty"`

	Fingerprint string `json:"fingerprint"`
	// Tree and Live are hashes of the complete tree and of the complete live state.
	// They show which side has changed.
	Tree string `json:"tree"`
	Live string `json:"live"`
	// Zxid is the ZooKeeper transaction that the live state was read at.
	Zxid    int64    `json:"zxid,omitempty"`
	Objects []Object `json:"objects"`
}

// Promotion holds the parameters of promote.
type Promotion struct {
	From         string   `json:"from"`
	To           string   `json:"to"`
	Paths        []string `json:"paths,omitempty"`
	Keep         []string `json:"keep,omitempty"`
	Declared     bool     `json:"declared,omitempty"`
	WithSecrets  bool     `json:"with_secrets,omitempty"`
	AllowMissing bool     `json:"allow_missing,omitempty"`
}

// Rollback holds the parameters of rollback.
type Rollback struct {
	ID     string `json:"id,omitempty"`
	To     string `json:"to,omitempty"`
	ToTime string `json:"to_time,omitempty"`
	Force  bool   `json:"force,omitempty"`
}

// Restore holds the parameters of restore.
type Restore struct {
	File        string   `json:"file"`
	Paths       []string `json:"paths,omitempty"`
	Prune       bool     `json:"prune,omitempty"`
	Exact       bool     `json:"exact,omitempty"`
	ToNamespace string   `json:"to_namespace,omitempty"`
}

// Object is an object that the plan changes.
type Object struct {
	Namespace     string  `json:"namespace"`
	Configuration *string `json:"configuration"`
	// Revision is the revision before the change. It is omitted if it is derived from
	// the configuration's content.
	Revision string `json:"revision,omitempty"`
}

// Key returns the object's key.
func (o Object) Key() plan.Key {
	k := plan.Key{Namespace: o.Namespace}
	if o.Configuration != nil {
		k.Config = *o.Configuration
	}
	return k
}

// Objects returns the objects that a plan changes. revisions says whether to include
// their revisions: they must not reveal values.
func Objects(changes []plan.Change, revisions bool) []Object {
	objects := make([]Object, len(changes))
	for i := range changes {
		c := &changes[i]
		objects[i].Namespace = c.Key.Namespace
		if !c.Key.IsNamespace() {
			objects[i].Configuration = &c.Key.Config
		}
		if revisions && c.Core == nil {
			objects[i].Revision = hex.EncodeToString(c.Revision[:])
		}
	}
	return objects
}

// Write writes a plan file. It returns ErrLarge if the plan is too large.
func Write(w io.Writer, f *File) error {
	f.Format, f.Version = format, version
	sum := sha256.New()
	out := &limited{to: io.MultiWriter(w, sum), left: maxSize - len(lastLine(nil)) - 2*sha256.Size - 1}
	header, err := json.Marshal(f.Header)
	if err != nil {
		return err
	}
	if _, err := out.Write(append(header, '\n')); err != nil {
		return err
	}
	if err := render.Save(out, f.Report); err != nil {
		return err
	}
	_, err = io.WriteString(w, lastLine(sum.Sum(nil))+"\n")
	return err
}

// lastLine returns the last line of a plan file: the hash of everything before it.
func lastLine(sum []byte) string { return `{"sha256":"` + hex.EncodeToString(sum) + `"}` }

// Read parses a plan file. It returns ErrNotPlan, ErrCut, ErrEdited or a *NewerError if
// the file is not a complete, unchanged plan of a supported version.
func Read(data []byte) (*File, error) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	var f File
	if bytes.Count(first, []byte("{")) > freeObjects+len(first)/minObject || bytes.Count(rest, []byte("\n")) > freeObjects+len(rest)/minLine {
		return nil, ErrNotPlan
	}
	if json.Unmarshal(first, &f.Header) != nil || f.Format != format {
		return nil, ErrNotPlan
	}
	if len(f.Source)+len(f.Target)+len(f.Environment)+len(f.Tool) > maxNames {
		return nil, ErrNotPlan
	}
	if f.Version > version {
		return nil, &NewerError{Tool: f.Tool, Version: f.Version}
	}
	end := bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n') + 1
	last := string(bytes.TrimSuffix(data[end:], []byte("\n")))
	sum := sha256.Sum256(data[:end])
	switch want := lastLine(sum[:]); {
	case len(last) != len(want):
		return nil, ErrCut
	case last != want: // exact comparison, because JSON has several ways to write the same line
		return nil, ErrEdited
	}
	report, err := render.Load(bytes.NewReader(rest[:max(0, end-len(first)-1)]))
	if err != nil {
		return nil, err
	}
	f.Report = report
	return &f, nil
}

// These limits bound the memory for reading a plan by its size. An empty object takes
// much more memory than its text.
const (
	maxSize     = 128 << 20 // bytes of a plan file
	freeObjects = 1 << 16   // objects in the header, and lines of the report, for every file
	maxNames    = 64 << 10  // bytes of source, target, environment and tool
	minObject   = 24        // bytes of header for each further object
	minLine     = 48        // bytes of report for each further line
)

// ErrLarge means that a plan is too large to be saved.
var ErrLarge = fmt.Errorf("it has more than %d bytes", maxSize)

// limited is a writer that accepts at most left bytes.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= len(b); l.left < 0 {
		return 0, ErrLarge
	}
	return l.to.Write(b)
}

// The errors of Read.
var (
	ErrNotPlan = errors.New("it is not a saved plan of confo-sync")
	ErrCut     = errors.New("it is incomplete")
	ErrEdited  = errors.New("it was changed after it was saved")
)

// NewerError is the error of a plan that a newer version saved.
type NewerError struct {
	Tool    string
	Version int
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("a newer confo-sync saved it (%s, format %d; this one supports format %d)", plan.Printable(e.Tool), e.Version, version)
}

// TreeSum returns a hash of a tree that reveals nothing about its values.
func TreeSum(f Fingerprint, t *plan.Tree) string {
	d := newDigest("tree")
	for _, ns := range t.Namespaces {
		d.key(plan.Key{Namespace: ns.Name})
		for _, c := range ns.Configs {
			d.key(plan.Key{Namespace: ns.Name, Config: c.Name})
			d.bytes(c.Value.Reveal())
		}
	}
	return f.stretch(d)
}

// LiveSum returns a hash of a live state that reveals nothing about its values.
func LiveSum(f Fingerprint, s *plan.Snapshot) string {
	d := newDigest("live")
	for _, ns := range s.Namespaces {
		d.key(plan.Key{Namespace: ns.Name})
		d.bytes(ns.Revision[:])
		for _, c := range ns.Configs {
			d.key(plan.Key{Namespace: ns.Name, Config: c.Name})
			d.bytes(c.Revision[:])
		}
	}
	return f.stretch(d)
}

func (f Fingerprint) stretch(d digest) string {
	sum := stretched(d.Sum(f.salt[:]), f.salt[:])
	return hex.EncodeToString(sum[:])
}
