package render

import (
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// KindStatus is the kind of what status shows.
const KindStatus = "confo-sync/status"

// Status is what there is to say of a target. What is foreign there, what is wrong
// and what should be known are in the report itself: foreign, errors, warnings.
type Status struct {
	// Readable is false when the target can't be read, or is not, as somebody
	// writes to it; why is among the errors and warnings.
	Readable   bool        `json:"readable"`
	Servers    []Server    `json:"servers,omitempty"`
	Connected  string      `json:"connected,omitempty"` // the server that answered the rest
	TLS        *TLS        `json:"tls,omitempty"`
	Identities *Identities `json:"identities,omitempty"`
	Folder     *Folder     `json:"folder,omitempty"` // of a file backend
	Access     []Rights    `json:"access"`
	Size       *Size       `json:"size,omitempty"`
	Quotas     []Quota     `json:"quotas,omitempty"`
	Owner      *Owner      `json:"owner,omitempty"`
	Lock       Lock        `json:"lock"`
	Last       *Last       `json:"last_apply,omitempty"`
	// LastUnknown is why it can't be told who applied last.
	LastUnknown string `json:"last_apply_unknown,omitempty"`
	// Unreadable is what Confo would fail to read.
	Unreadable []Unreadable `json:"unreadable"`
}

// Server is a server of a ZooKeeper.
type Server struct {
	Address string `json:"address"`
	Session bool   `json:"session"`       // it gives one
	Why     string `json:"why,omitempty"` // it gives none
	Mode    string `json:"mode,omitempty"`
	Version string `json:"version,omitempty"`
	Note    string `json:"note,omitempty"` // why it does not tell those
}

// TLS is how a connection is encrypted.
type TLS struct {
	Used    bool   `json:"used"`
	Version string `json:"version,omitempty"`
	Peer    string `json:"peer,omitempty"` // the name in the server's certificate
}

// Identities are those that were offered, and those that the server sees.
type Identities struct {
	Offered []string `json:"offered"`
	Seen    []string `json:"seen,omitempty"` // absent when the server does not tell
}

// Folder is where a file backend is.
type Folder struct {
	Path      string `json:"path"`
	State     string `json:"state"` // what is beside it
	Journal   bool   `json:"journal"`
	Leftovers bool   `json:"leftovers"`
}

// Rights are what may be done at a place: yes, no or unknown.
type Rights struct {
	Path       string `json:"path"`
	At         string `json:"at"` // the lowest place of the path that exists
	Read       string `json:"read"`
	Write      string `json:"write"`
	Create     string `json:"create"`
	Delete     string `json:"delete"`
	Administer string `json:"administer"`
}

// Size is how much a target holds.
type Size struct {
	Namespaces     int      `json:"namespaces"`
	Configurations int      `json:"configurations"`
	Bytes          int64    `json:"bytes"`
	Largest        *Largest `json:"largest,omitempty"`
}

// Largest is the largest configuration.
type Largest struct {
	Object
	Bytes int `json:"bytes"`
	Limit int `json:"limit,omitempty"` // that it has to stay below, if there is one
}

// Quota is a bound on a part of the tree. A bound of -1 is none.
type Quota struct {
	Path       string `json:"path"`
	Znodes     int64  `json:"znodes"`
	ZnodesMost int64  `json:"znodes_most"`
	ZnodesHard bool   `json:"znodes_hard"` // the server may refuse what goes beyond it
	Bytes      int64  `json:"bytes"`
	BytesMost  int64  `json:"bytes_most"`
	BytesHard  bool   `json:"bytes_hard"`
}

// Owner is whom a target belongs to.
type Owner struct {
	Project     string `json:"project"`
	Environment string `json:"environment"`
}

// Lock is who may write at the moment, and who waits.
type Lock struct {
	Holder  *Runner  `json:"holder,omitempty"`
	Waiting []Runner `json:"waiting,omitempty"` // the next first
	Unknown string   `json:"unknown,omitempty"` // why it can't be told
}

// Runner is who runs what, as far as it says so.
type Runner struct {
	Who       string    `json:"who"`
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`
}

// Last is the last apply that the history knows.
type Last struct {
	LastApply
	Host      string `json:"host"`
	Operation string `json:"operation"`
	// Done are its transactions that were done; with fewer than planned it was
	// interrupted, or is still under way.
	Done    int `json:"done"`
	Planned int `json:"planned"`
}

// Unreadable is a configuration that Confo would fail to read.
type Unreadable struct {
	Object
	Why string `json:"why"`
}

// ObjectOf returns the object of a key.
func ObjectOf(k plan.Key) Object { return object(k) }

// AddForeign puts what is not Confo's into the report.
func (r *Report) AddForeign(all []plan.Foreign) {
	for _, f := range all {
		r.Foreign = append(r.Foreign, Foreign{Object: object(f.Key), Path: f.Path, What: f.What})
	}
}
