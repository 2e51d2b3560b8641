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

// The members of an archive, in order.
const (
	aboutName     = "about.json"
	nodesFolder   = "nodes/"
	amendFolder   = "amend/"
	historyFolder = "history/"
	manifestName  = "manifest.json"
)

// memberName returns the name of a numbered member. The first number is 1.
func memberName(folder string, number int) string { return fmt.Sprintf("%s%06d.jsonl", folder, number) }

// MaxFile is the maximum size, in bytes, of a file of a file backend in an archive.
const MaxFile = 64 << 20

const (
	// chunk is the maximum size, in bytes, of a member with several lines.
	chunk = 4 << 20
	// maxPath is the maximum length of a path in bytes.
	maxPath     = 64 << 10
	maxAbout    = 64 << 10
	maxManifest = 64 << 20
	maxEntry    = 64 << 20
	// maxMarks is the maximum size of the marks in a manifest, in bytes without white
	// space. A target stores less.
	maxMarks = 1 << 20
	// maxAmended is the maximum number of amendments, because they are kept in memory.
	maxAmended = 250_000
)

// These limits bound the memory for decoding a manifest by the size of the archive. A
// few bytes of zstd can decompress to any number of empty objects.
const (
	freeManifest  = 16 << 20 // bytes of a manifest in every archive
	manifestRatio = 32       // additional bytes for each byte of the archive
	freeObjects   = 1 << 16
	minObject     = 32 // bytes of manifest for each further object
)

// largestManifest returns the maximum size of a manifest, in bytes. size is that of the
// archive.
func largestManifest(size int64) int64 {
	return min(maxManifest, freeManifest+manifestRatio*size)
}

// minLine is less than the length of any line, in bytes.
const minLine = 20

// limits bound the memory for reading an archive.
type limits struct {
	data  int // bytes in one node or file
	line  int // bytes in its line: escapes at most double the data
	amend int // bytes in all amendments
}

func limitsOf(backend string) limits {
	if backend == File {
		return limits{data: MaxFile, line: 2*MaxFile + 1<<20, amend: 2*MaxFile + 32<<20}
	}
	// The default limit of servers is 1 MiB.
	return limits{data: 3 << 20, line: 8 << 20, amend: 64 << 20}
}

// of returns the maximum size of a member.
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

// checkMembers checks that a manifest lists exactly the members that the format allows,
// in the right order.
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

// block is the block size of tar.
const block = 512

// padded returns the size of a member's content in a tar.
func padded(size int64) int64 { return (size + block - 1) / block * block }

// header returns the tar header of a member: a regular file that only the owner can
// read.
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

// differs describes the difference between a header and the expected one.
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
