package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// ACLLine is a pattern and its ACL, as written in a project file.
type ACLLine struct {
	Pattern string
	Entries []string
}

// String returns the line without indentation.
func (l ACLLine) String() string {
	entries := make([]string, len(l.Entries))
	for i, e := range l.Entries {
		entries[i] = quoted(e)
	}
	return quoted(l.Pattern) + ": [" + strings.Join(entries, ", ") + "]"
}

// quoted returns a text in double quotes.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // never fails for a string
	return strings.TrimSuffix(b.String(), "\n")
}

// AddACL returns a project file with lines added to the acl section of an environment.
// The rest of the file stays unchanged. AddACL returns an error if the environment does
// not exist, or if it or its acl section is in flow style.
func AddACL(data []byte, environment string, lines []ACLLine) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || len(document.Content) == 0 {
		return nil, errors.New("it is not a project file")
	}
	b := block{node: document.Content[0], end: bytes.Count(data, []byte("\n")) + 2}
	b, _ = b.within("environments")
	b, ok := b.within(environment)
	if !ok || len(b.node.Content) == 0 {
		return nil, fmt.Errorf("it has no environment %s", environment)
	}
	indent := b.node.Content[0].Column - 1
	acl, there := b.within("acl")
	if b.isFlow() || there && (acl.isFlow() || len(acl.node.Content) == 0) {
		return nil, errors.New("its environment or acl is written in brackets; write it on separate lines first")
	}
	var added []string
	if there {
		b, indent = acl, acl.node.Content[0].Column-1
	} else {
		added = append(added, strings.Repeat(" ", indent)+"acl:")
		indent += 2
	}
	for _, l := range lines {
		added = append(added, strings.Repeat(" ", indent)+l.String())
	}
	return b.append(data, added), nil
}

// block is a mapping, and the first line that is certainly after it.
type block struct {
	node *yaml.Node
	end  int
}

// within returns the mapping at a key.
func (b block) within(key string) (block, bool) {
	if b.node == nil {
		return block{}, false
	}
	for i := 0; i+1 < len(b.node.Content); i += 2 {
		if b.node.Content[i].Value != key || b.node.Content[i+1].Kind != yaml.MappingNode {
			continue
		}
		in := block{node: b.node.Content[i+1], end: b.end}
		if i+2 < len(b.node.Content) {
			in.end = b.node.Content[i+2].Line
		}
		return in, true
	}
	return block{}, false
}

func (b block) isFlow() bool { return b.node.Style&yaml.FlowStyle != 0 }

// append adds lines after the last line of the block with content.
func (b block) append(data []byte, added []string) []byte {
	newline := "\n"
	if bytes.Contains(data, []byte("\r\n")) {
		newline = "\r\n"
	}
	lines := strings.SplitAfter(string(data), "\n")
	at := min(b.end-1, len(lines))
	for at > 0 {
		text := strings.TrimSpace(lines[at-1])
		if text != "" && !strings.HasPrefix(text, "#") {
			break
		}
		at--
	}
	if at > 0 && !strings.HasSuffix(lines[at-1], "\n") {
		lines[at-1] += newline
	}
	for i := range added {
		added[i] += newline
	}
	return []byte(strings.Join(slices.Insert(lines, at, added...), ""))
}
