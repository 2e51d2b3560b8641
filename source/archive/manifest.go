package archive

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/confo-sync/confo-sync/plan"
)

const (
	// kind says of about.json and manifest.json what they are of.
	kind = "confo-sync/backup"
	// version is that of the format: what a reader that knows 1 can't read has
	// another.
	version = 1
)

// The backends that an archive may be of.
const (
	ZooKeeper = "zookeeper"
	File      = "file"
)

// About says what an archive is of.
type About struct {
	Target  string    // its URL, which holds no credentials
	Backend string    // ZooKeeper or File
	Time    time.Time // when the backup was begun
	Tool    string    // what wrote it, and its version
}

// Manifest says what is in an archive.
type Manifest struct {
	About
	// Zxid is the transaction as of which a ZooKeeper was read.
	Zxid   int64
	Counts Counts
	// Gaps are what could not be read, and is therefore not in the archive.
	Gaps []Gap
	// Marks are the fields that were ever marked as sensitive at the target.
	Marks plan.Marks
	// Members are the files in the archive, in their order, but for the
	// manifest itself.
	Members []Member
}

// Counts are of what an archive holds, as amended.
type Counts struct {
	Namespaces     int   `json:"namespaces"`
	Configurations int   `json:"configurations"`
	Foreign        int   `json:"foreign"` // nodes and files that are not Confo's
	History        int   `json:"history"` // entries
	Bytes          int64 `json:"bytes"`   // stored in nodes or files, without their names
}

// Gap is something that could not be read. It may be a node of which only the
// children could not be.
type Gap struct {
	Path string // below the root
	Why  string
}

// Member is a file in an archive.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Nodes  int    `json:"nodes"` // lines, in one that has such
}

// aboutJSON is about.json, and the beginning of manifest.json.
type aboutJSON struct {
	Kind    string    `json:"kind"`
	Version int       `json:"version"`
	Target  string    `json:"target"`
	Backend string    `json:"backend"`
	Time    time.Time `json:"time"`
	Tool    string    `json:"tool"`
}

type manifestJSON struct {
	aboutJSON
	Zxid    int64     `json:"zxid"`
	Counts  Counts    `json:"counts"`
	Gaps    []gapJSON `json:"gaps"`
	Marked  any       `json:"marked,omitempty"` // plan.Marks; nil for none
	Members []Member  `json:"members"`
}

type gapJSON struct {
	Path   string `json:"path"`
	Base64 []byte `json:"path_base64,omitempty"` // in place of Path, when it is not UTF-8
	Why    string `json:"why"`
}

func (a About) json() aboutJSON {
	return aboutJSON{kind, version, a.Target, a.Backend, a.Time, a.Tool}
}

func (a About) encode() ([]byte, error) {
	b, err := json.MarshalIndent(a.json(), "", "  ")
	return append(b, '\n'), err
}

// check says what makes it unfit for an archive.
func (a About) check() error {
	switch {
	case a.Backend != ZooKeeper && a.Backend != File:
		return errors.New("its backend is neither zookeeper nor file")
	case a.Target == "" || !utf8.ValidString(a.Target):
		return errors.New("it has no target")
	case a.Time.Unix() <= 0 || a.Time.Unix() >= 1<<33: // what a tar header holds
		return errors.New("it has no time")
	case !utf8.ValidString(a.Tool):
		return errors.New("the tool's name is not UTF-8")
	}
	return nil
}

func (m Manifest) encode() ([]byte, error) {
	j := manifestJSON{aboutJSON: m.About.json(), Zxid: m.Zxid, Counts: m.Counts, Members: m.Members}
	j.Gaps = make([]gapJSON, 0, len(m.Gaps))
	for _, g := range m.Gaps {
		gap := gapJSON{Path: g.Path, Why: strings.ToValidUTF8(g.Why, "\uFFFD")}
		if !utf8.ValidString(g.Path) {
			gap.Path, gap.Base64 = "", []byte(g.Path)
		}
		j.Gaps = append(j.Gaps, gap)
	}
	if !m.Marks.IsEmpty() {
		j.Marked = m.Marks
	}
	b, err := json.MarshalIndent(j, "", "  ")
	return append(b, '\n'), err
}

// newer is the error of a version that this program doesn't know.
type newer int

func (n newer) Error() string { return fmt.Sprintf("its format has version %d", int(n)) }

// checkKind says whether it is about a backup at all, and of a version that is
// known here: before anything is made of the rest of it.
func checkKind(b []byte) error {
	var head struct {
		Kind    string `json:"kind"`
		Version int    `json:"version"`
	}
	switch err := json.Unmarshal(b, &head); {
	case err != nil:
		return errors.New("it is not JSON")
	case head.Kind != kind:
		return errors.New("it is not the manifest of a backup")
	case head.Version > version:
		return newer(head.Version)
	case head.Version != version:
		return errors.New("its version is not valid")
	}
	return nil
}

// decodeManifest reads a manifest and holds it to the format's rules.
func decodeManifest(b []byte) (Manifest, error) {
	if err := checkKind(b); err != nil {
		return Manifest{}, err
	}
	if bytes.Count(b, []byte("{")) > freeObjects+len(b)/minObject {
		return Manifest{}, errors.New("it has more objects than its size allows")
	}
	var marked json.RawMessage
	j := manifestJSON{Marked: &marked}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return Manifest{}, errors.New("it does not follow the format") // the parser's words may quote what is in it
	}
	if _, err := d.Token(); err != io.EOF {
		return Manifest{}, errors.New("it is followed by other data")
	}
	marks, err := decodeMarks(marked)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{
		About:  About{j.Target, j.Backend, j.Time, j.Tool},
		Zxid:   j.Zxid,
		Counts: j.Counts, Members: j.Members, Marks: marks,
	}
	for _, g := range j.Gaps {
		if g.Base64 != nil {
			g.Path = string(g.Base64)
		}
		m.Gaps = append(m.Gaps, Gap{g.Path, g.Why})
	}
	if err := m.About.check(); err != nil {
		return Manifest{}, err
	}
	return m, checkMembers(m.Members, limitsOf(m.Backend))
}

// decodeMarks reads the marks in a manifest.
func decodeMarks(marked []byte) (plan.Marks, error) {
	var marks plan.Marks
	if len(marked) == 0 {
		return marks, nil
	}
	var compact bytes.Buffer // a writer may indent them
	if err := json.Compact(&compact, marked); err != nil || compact.Len() > maxMarks {
		return marks, fmt.Errorf("its marks have more than %d bytes", maxMarks)
	}
	if err := marks.UnmarshalJSON(compact.Bytes()); err != nil {
		return marks, errors.New("its marks do not follow the format")
	}
	return marks, nil
}

// base64Encoding is that of everything in an archive that is not UTF-8.
var base64Encoding = base64.StdEncoding.Strict()
