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
	// kind identifies about.json and manifest.json.
	kind = "confo-sync/backup"
	// version is the version of the format. It changes if older readers can't read the
	// new format.
	version = 1
)

// The backends of an archive.
const (
	ZooKeeper = "zookeeper"
	File      = "file"
)

// About describes the origin of an archive.
type About struct {
	Target  string    // URL, which contains no credentials
	Backend string    // ZooKeeper or File
	Time    time.Time // start of the backup
	Tool    string    // name and version of the program
}

// Manifest describes the content of an archive.
type Manifest struct {
	About
	// Zxid is the ZooKeeper transaction that the target was read at.
	Zxid   int64
	Counts Counts
	// Gaps lists what could not be read and is missing in the archive.
	Gaps []Gap
	// Marks are the marks that were stored with the target.
	Marks plan.Marks
	// Members are the files in the archive, in order, without the manifest.
	Members []Member
}

// Counts counts the objects in an archive after its amendments.
type Counts struct {
	Namespaces     int   `json:"namespaces"`
	Configurations int   `json:"configurations"`
	Foreign        int   `json:"foreign"` // number of foreign nodes and files
	History        int   `json:"history"` // number of history entries
	Bytes          int64 `json:"bytes"`   // size of the stored values, without names
}

// Gap is an object that could not be read. If the archive contains the object, its
// children could not be read.
type Gap struct {
	Path string // below the root
	Why  string
}

// Member is a file in an archive.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
	Nodes  int    `json:"nodes"` // number of lines, if it has lines
}

// aboutJSON is about.json, and the first part of manifest.json.
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
	Marked  any       `json:"marked,omitempty"` // plan.Marks, or nil
	Members []Member  `json:"members"`
}

type gapJSON struct {
	Path   string `json:"path"`
	Base64 []byte `json:"path_base64,omitempty"` // instead of Path if it is not UTF-8
	Why    string `json:"why"`
}

func (a About) json() aboutJSON {
	return aboutJSON{kind, version, a.Target, a.Backend, a.Time, a.Tool}
}

func (a About) encode() ([]byte, error) {
	b, err := json.MarshalIndent(a.json(), "", "  ")
	return append(b, '\n'), err
}

// check returns an error if a is not valid for an archive.
func (a About) check() error {
	switch {
	case a.Backend != ZooKeeper && a.Backend != File:
		return errors.New("its backend is neither zookeeper nor file")
	case a.Target == "" || !utf8.ValidString(a.Target):
		return errors.New("it has no target")
	case a.Time.Unix() <= 0 || a.Time.Unix() >= 1<<33: // the range of a tar header
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

// newer is the error of an unknown version.
type newer int

func (n newer) Error() string { return fmt.Sprintf("its format has version %d", int(n)) }

// checkKind checks that a document belongs to a backup of a supported version. It runs
// before the rest of the document is parsed.
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

// decodeManifest parses and validates a manifest.
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
		return Manifest{}, errors.New("it does not follow the format") // the parser's message may quote the content
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

// decodeMarks parses the marks in a manifest.
func decodeMarks(marked []byte) (plan.Marks, error) {
	var marks plan.Marks
	if len(marked) == 0 {
		return marks, nil
	}
	var compact bytes.Buffer // other writers may indent them
	if err := json.Compact(&compact, marked); err != nil || compact.Len() > maxMarks {
		return marks, fmt.Errorf("its marks have more than %d bytes", maxMarks)
	}
	if err := marks.UnmarshalJSON(compact.Bytes()); err != nil {
		return marks, errors.New("its marks do not follow the format")
	}
	return marks, nil
}

// base64Encoding is the encoding of all data that is not UTF-8.
var base64Encoding = base64.StdEncoding.Strict()
