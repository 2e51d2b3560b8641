package apply

import (
	"net/url"

	"github.com/confo-sync/confo-sync/plan"
)

// meta is a plan.Meta in the format of the history.
type meta struct {
	Access plan.Access `json:"access,omitempty"`
	Mode   *uint32     `json:"mode,omitempty"` // nil on ZooKeeper
	Folder bool        `json:"folder,omitempty"`
	Link   rawText     `json:"link,omitempty"`
}

// rawText is a text of any bytes. In JSON it is escaped as in a URL, because file names
// may not be UTF-8.
type rawText string

func (r rawText) MarshalText() ([]byte, error) {
	return []byte((&url.URL{Path: string(r)}).EscapedPath()), nil
}

func (r *rawText) UnmarshalText(text []byte) error {
	s, err := url.PathUnescape(string(text))
	*r = rawText(s)
	return err
}

// metaOf converts a plan.Meta to the format of the history. The result is nil if it is
// empty.
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

// plan converts it to a plan.Meta.
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

// access returns its ACL.
func (m *meta) access() plan.Access { return m.plan().Access }
