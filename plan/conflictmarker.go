package plan

import "bytes"

// What is said of a file with a conflict marker.
const (
	ConflictMessage = "git conflict marker"
	ConflictHint    = "resolve the merge conflict, then run again"
)

// ConflictMarker returns the offset of the first line with which git begins or ends a
// conflict: seven or more "<" or ">", then a blank or the end of the line. It returns -1 if
// there is none. A line of "=" alone is no marker, because it may be text.
func ConflictMarker(data []byte) int {
	first := -1
	for _, sign := range []string{"<<<<<<<", ">>>>>>>"} {
		if at := markerLine(data, sign); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

func markerLine(data []byte, sign string) int {
	for from := 0; ; {
		at := bytes.Index(data[from:], []byte(sign))
		if at < 0 {
			return -1
		}
		at += from
		rest := bytes.TrimLeft(data[at:], sign[:1])
		begins := at == 0 || data[at-1] == '\n' || data[at-1] == '\r'
		if begins && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0) {
			return at
		}
		from = len(data) - len(rest)
	}
}
