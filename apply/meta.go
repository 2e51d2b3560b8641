package apply

import (
	"net/url"

	"github.com/confo-sync/confo-sync/plan"
)

// meta is a plan.Meta as history keeps it.
type meta struct {
	Access plan.Access `json:"access,omitempty"`
	Mode   *uint32     `json:"mode,omitempty"` // nil on ZooKeeper
	Folder bool        `json:"folder,omitempty"`
	Link   rawText     `json:"link,omitempty"`
}

// rawText is a text of any bytes. In JSON it is escaped as in a URL, as names of files need
// not be UTF-8.
type rawText string

func (r rawText) MarshalText() ([]byte, error) {
	return []byte((&url.URL{Path: string(r)}).EscapedPath()), nil
}

func (r *rawText) UnmarshalText(text []byte) error {
	s, err := url.PathUnescape(string(text))
	*r = rawText(s)
	return err
}

// metaOf returns what history keeps of a plan.Meta: nil for nothing.
func metaOf(m plan.Meta) *meta {
	kept := meta{Access: m.Access, Folder: m.Folder, Link: rawText(m.Link)}
	if m.Mode != 0 || m.Folder {
		kept.Mode = &m.Mode
	}
	if kept.Access == nil && kept.Mode == nil && kept.Link == "" {
		return nil
	}
	return &kept
}

// plan returns it as a plan.Meta.
func (m *meta) plan() (of plan.Meta) {
	if m == nil {
		return of
	}
	of = plan.Meta{Access: m.Access, Folder: m.Folder, Link: string(m.Link)}
	if m.Mode != nil {
		of.Mode = *m.Mode
	}
	return of
}

// access returns the ACL in it.
func (m *meta) access() plan.Access { return m.plan().Access }
