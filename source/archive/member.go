package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// The members of an archive, in their order.
const (
	aboutName     = "about.json"
	nodesFolder   = "nodes/"
	amendFolder   = "amend/"
	historyFolder = "history/"
	manifestName  = "manifest.json"
)

// memberName returns the name of a member in a folder of numbered ones, from 1.
func memberName(folder string, number int) string { return fmt.Sprintf("%s%06d.jsonl", folder, number) }

// MaxFile is how many bytes of one file of a file backend an archive holds.
const MaxFile = 64 << 20

const (
	// chunk is what a member with lines has at most, in bytes, unless it is one
	// line.
	chunk = 4 << 20
	// maxPath is how long a path may be, in bytes.
	maxPath     = 64 << 10
	maxAbout    = 64 << 10
	maxManifest = 64 << 20
	maxEntry    = 64 << 20
	// maxMarks is how many bytes of marks a manifest has, without white space. A target
	// keeps less.
	maxMarks = 1 << 20
	// maxAmended is how many lines amend others: they are kept in memory.
	maxAmended = 250_000
)

// What decoding a manifest costs is bounded by its size, and its size by that of the archive:
// a few bytes of zstd decompress to any number of empty objects.
const (
	freeManifest  = 16 << 20 // bytes of a manifest, in an archive of any size
	manifestRatio = 32       // more bytes for each byte of the archive
	freeObjects   = 1 << 16
	minObject     = 32 // bytes in which a manifest has one more object
)

// largestManifest returns how many bytes the manifest of an archive of that size may have.
func largestManifest(size int64) int64 {
	return min(maxManifest, freeManifest+manifestRatio*size)
}

// minLine is shorter than any line, in bytes.
const minLine = 20

// limits say how much memory reading an archive takes.
type limits struct {
	data  int // bytes that one node or file holds
	line  int // bytes in a line about it: escapes at most double what it holds
	amend int // bytes in the lines that amend
}

func limitsOf(backend string) limits {
	if backend == File {
		return limits{data: MaxFile, line: 2*MaxFile + 1<<20, amend: 2*MaxFile + 32<<20}
	}
	// Servers take 1 MiB unless they are told otherwise.
	return limits{data: 3 << 20, line: 8 << 20, amend: 64 << 20}
}

// of returns how large a member of that name may be.
func (l limits) of(name string) int64 {
	switch {
	case name == aboutName:
		return maxAbout
	case strings.HasPrefix(name, historyFolder):
		return maxEntry
	default:
		return int64(max(chunk, l.line+1))
	}
}

var (
	entryForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$`)
	sumForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// checkMembers holds what a manifest lists to the format's rules: these members
// and no others, in this order.
func checkMembers(members []Member, l limits) error {
	nodes, amend, entry := 0, 0, ""
	amended, lines := int64(0), 0
	for i, m := range members {
		name := plan.Quote(m.Name)
		switch {
		case i == 0 && m.Name == aboutName:
		case amend == 0 && entry == "" && i > 0 && m.Name == memberName(nodesFolder, nodes+1):
			nodes++
		case entry == "" && i > 0 && m.Name == memberName(amendFolder, amend+1):
			amend++
			amended += m.Size
			lines += m.Nodes
		case i > 0 && strings.HasPrefix(m.Name, historyFolder):
			next := m.Name[len(historyFolder):]
			if !entryForm.MatchString(next) {
				return fmt.Errorf("it lists the unknown member %s", name)
			}
			if next <= entry {
				return fmt.Errorf("it lists the member %s out of order", name)
			}
			entry = next
		default:
			return fmt.Errorf("it lists the member %s in a place where it can't be", name)
		}
		switch {
		case m.Size < 0 || m.Size > l.of(m.Name):
			return fmt.Errorf("it lists the member %s with %d bytes", name, m.Size)
		case !sumForm.MatchString(m.SHA256):
			return fmt.Errorf("it lists the member %s without its sha256", name)
		case m.Nodes < 0 || int64(m.Nodes)*minLine > m.Size || m.Nodes > 1 && m.Size > chunk:
			return fmt.Errorf("it lists the member %s with %d nodes", name, m.Nodes)
		}
	}
	switch {
	case len(members) == 0:
		return errors.New("it lists no members")
	case amended > int64(l.amend) || lines > maxAmended:
		return fmt.Errorf("it lists %d amendments with %d bytes", lines, amended)
	}
	return nil
}

// block is what everything in a tar is a multiple of.
const block = 512

// padded returns what a member's content takes in a tar.
func padded(size int64) int64 { return (size + block - 1) / block * block }

// header returns the tar header of a member: a regular file, for its owner
// alone.
func header(name string, size int64, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600,
		ModTime: at.Truncate(time.Second), Format: tar.FormatUSTAR,
	})
	if err != nil {
		return nil, fmt.Errorf("create the tar header of %s: %w", plan.Printable(name), err)
	}
	return b.Bytes(), nil
}

// differs says in which way what was read is not the header that it should be.
func differs(got, want []byte) string {
	field := func(b []byte, from, length int) string {
		s, _, _ := strings.Cut(string(b[from:from+length]), "\x00")
		return s
	}
	full := func(b []byte) string {
		name := field(b, 0, 100)
		if prefix := field(b, 345, 155); prefix != "" {
			name = prefix + "/" + name
		}
		return name
	}
	wanted := plan.Quote(full(want))
	name := full(got)
	shown := plan.Quote(name)
	switch kind := got[156]; {
	case bytes.Equal(got, make([]byte, block)):
		return fmt.Sprintf("it ends where the member %s should be", wanted)
	case kind == tar.TypeSymlink || kind == tar.TypeLink:
		return fmt.Sprintf("the member %s is a link, which a backup can't have", shown)
	case kind != tar.TypeReg:
		return fmt.Sprintf("the member %s is not a regular file", shown)
	case strings.HasPrefix(name, "/"):
		return fmt.Sprintf("the member %s has an absolute path; expected %s", shown, wanted)
	case name != full(want):
		return fmt.Sprintf("found the member %s; expected %s", shown, wanted)
	case field(got, 124, 12) != field(want, 124, 12):
		return fmt.Sprintf("the size of the member %s does not match the manifest", wanted)
	}
	return fmt.Sprintf("the tar header of %s was changed", wanted)
}
