package render

import (
	"time"

	"github.com/confo-sync/confo-sync/plan"
)

// KindStatus is the kind of a status report.
const KindStatus = "confo-sync/status"

// Status describes a target. Foreign objects, errors and warnings are in the report
// itself.
type Status struct {
	// Readable is false if the target was not read. The errors and warnings say why.
	Readable   bool        `json:"readable"`
	Servers    []Server    `json:"servers,omitempty"`
	Connected  string      `json:"connected,omitempty"` // the server that answered all other requests
	TLS        *TLS        `json:"tls,omitempty"`
	Identities *Identities `json:"identities,omitempty"`
	Folder     *Folder     `json:"folder,omitempty"` // of a file backend
	Access     []Rights    `json:"access"`
	Size       *Size       `json:"size,omitempty"`
	Quotas     []Quota     `json:"quotas,omitempty"`
	Owner      *Owner      `json:"owner,omitempty"`
	Lock       Lock        `json:"lock"`
	Last       *Last       `json:"last_apply,omitempty"`
	// LastUnknown says why the last apply is unknown.
	LastUnknown string `json:"last_apply_unknown,omitempty"`
	// Unreadable are the configurations that Confo can't read.
	Unreadable []Unreadable `json:"unreadable"`
}

// Server is a ZooKeeper server.
type Server struct {
	Address string `json:"address"`
	Session bool   `json:"session"`       // the server accepts a session
	Why     string `json:"why,omitempty"` // why it does not
	Mode    string `json:"mode,omitempty"`
	Version string `json:"version,omitempty"`
	Note    string `json:"note,omitempty"` // why Mode and Version are unknown
}

// TLS describes the encryption of the connection.
type TLS struct {
	Used    bool   `json:"used"`
	Version string `json:"version,omitempty"`
	Peer    string `json:"peer,omitempty"` // the name in the server's certificate
}

// Identities are the offered identities and those that the server reports for the
// session.
type Identities struct {
	Offered []string `json:"offered"`
	Seen    []string `json:"seen,omitempty"` // absent if the server does not report them
}

// Folder describes the folders of a file backend.
type Folder struct {
	Path      string `json:"path"`
	State     string `json:"state"` // the state folder
	Journal   bool   `json:"journal"`
	Leftovers bool   `json:"leftovers"`
}

// Rights are the user's permissions at a path. Each is yes, no or unknown.
type Rights struct {
	Path       string `json:"path"`
	At         string `json:"at"` // the deepest existing node on the path
	Read       string `json:"read"`
	Write      string `json:"write"`
	Create     string `json:"create"`
	Delete     string `json:"delete"`
	Administer string `json:"administer"`
}

// Size describes the content of a target.
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
	Limit int `json:"limit,omitempty"` // the maximum size in bytes, if there is one
}

// Quota is a limit on a part of the tree. -1 means no limit.
type Quota struct {
	Path       string `json:"path"`
	Znodes     int64  `json:"znodes"`
	ZnodesMost int64  `json:"znodes_most"`
	ZnodesHard bool   `json:"znodes_hard"` // the server may refuse to exceed it
	Bytes      int64  `json:"bytes"`
	BytesMost  int64  `json:"bytes_most"`
	BytesHard  bool   `json:"bytes_hard"`
}

// Owner is the environment that owns a target.
type Owner struct {
	Project     string `json:"project"`
	Environment string `json:"environment"`
}

// Lock describes the current holder of the lock and the waiting runs.
type Lock struct {
	Holder  *Runner  `json:"holder,omitempty"`
	Waiting []Runner `json:"waiting,omitempty"` // in queue order
	Unknown string   `json:"unknown,omitempty"` // why the state of the lock is unknown
}

// Runner describes a running command. Its fields may be empty.
type Runner struct {
	Who       string    `json:"who"`
	Host      string    `json:"host"`
	PID       int       `json:"pid"`
	Operation string    `json:"operation"`
	Since     time.Time `json:"since"`
}

// Last is the last apply in the history.
type Last struct {
	LastApply
	Host      string `json:"host"`
	Operation string `json:"operation"`
	// Done is the number of its applied transactions. If it is smaller than Planned,
	// the apply was interrupted, has failed, or is still running.
	Done    int `json:"done"`
	Planned int `json:"planned"`
}

// Unreadable is a configuration that Confo can't read.
type Unreadable struct {
	Object
	Why string `json:"why"`
	// Ignored says that the project ignores it.
	Ignored bool `json:"ignored,omitempty"`
}

// ObjectOf returns the object with a key.
func ObjectOf(k plan.Key) Object { return object(k) }

// AddForeign adds foreign objects to the report.
func (r *Report) AddForeign(all []plan.Foreign) {
	for _, f := range all {
		r.Foreign = append(r.Foreign, Foreign{Object: object(f.Key), Path: f.Path, What: f.What})
	}
}
