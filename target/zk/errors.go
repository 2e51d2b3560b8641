package zk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-zookeeper/zk"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

// code is an error as the server numbers it. This file alone decides what each
// means and gives it words.
type code int32

// The codes that are decided on here. go-zookeeper knows some by name, and
// hands on the others as text only.
const (
	codeRuntimeInconsistency code = -2
	codeConnectionLoss       code = -4
	codeUnimplemented        code = -6
	codeOperationTimeout     code = -7
	codeNoNode               code = -101
	codeNoAuth               code = -102
	codeBadVersion           code = -103
	codeNodeExists           code = -110
	codeNotEmpty             code = -111
	codeSessionExpired       code = -112
	codeInvalidACL           code = -114
	codeAuthFailed           code = -115
	codeSessionMoved         code = -118
	codeNotReadOnly          code = -119
	codeAuthRequired         code = -124
	codeQuotaExceeded        code = -125
	codeThrottled            code = -127
)

// codeTooLarge is none of the server's: its answer is longer than may be read.
const codeTooLarge code = 1

var codeWords = map[code]string{
	codeRuntimeInconsistency: "an earlier part of the transaction failed",
	codeConnectionLoss:       "the server lost its own connection",
	codeUnimplemented:        "the server does not know this request",
	codeOperationTimeout:     "the server took too long",
	codeNoNode:               "the znode does not exist",
	codeNoAuth:               "permission denied",
	codeBadVersion:           "the znode has changed",
	codeNodeExists:           "the znode exists already",
	codeNotEmpty:             "the znode has children",
	codeSessionExpired:       "the session has expired",
	codeInvalidACL:           "the server refuses the ACL",
	codeAuthFailed:           "the server refuses the credentials",
	codeSessionMoved:         "the session has moved to another server",
	codeNotReadOnly:          "the server has no connection to its ensemble and answers only reads",
	codeAuthRequired:         "the server requires authentication",
	codeQuotaExceeded:        "the quota of this part of the tree is used up",
	codeThrottled:            "the server is overloaded and refused the request",
	codeTooLarge:             "the value is too large",
}

// codeHints say what to do where that does not depend on the znode.
var codeHints = map[code]string{
	codeConnectionLoss:   againHint,
	codeOperationTimeout: "run the command again when the server is less busy",
	codeSessionExpired:   "run the command again",
	codeSessionMoved:     "run the command again",
	codeQuotaExceeded:    "delete something there, or have the quota raised (zkCli.sh: listquota, setquota)",
	codeThrottled:        "wait until the server is less busy, and run the command again",
	codeNotReadOnly:      "wait until the ensemble has a quorum again",
}

// unknownHint is the hint of a code that has no words.
const unknownHint = "see the server's log, which explains the error; the server may be newer than this confo-sync"

// againHint is the hint of a code that has no other.
const againHint = "run the command again; if it fails again, see the server's log"

func (c code) Error() string {
	if words, ok := codeWords[c]; ok {
		return words
	}
	return fmt.Sprintf("the server answered with the unknown error %d", int32(c))
}

func (c code) err() error {
	if c == 0 {
		return nil
	}
	return c
}

var clientCodes = map[error]code{
	zk.ErrNoNode:         codeNoNode,
	zk.ErrNoAuth:         codeNoAuth,
	zk.ErrBadVersion:     codeBadVersion,
	zk.ErrNodeExists:     codeNodeExists,
	zk.ErrNotEmpty:       codeNotEmpty,
	zk.ErrSessionExpired: codeSessionExpired,
	zk.ErrInvalidACL:     codeInvalidACL,
	zk.ErrAuthFailed:     codeAuthFailed,
	zk.ErrSessionMoved:   codeSessionMoved,
}

// codeOf returns the server's code in an error of go-zookeeper, which has a
// value for some and for the others only the text "unknown error: -125".
func codeOf(err error) (code, bool) {
	if c, ok := clientCodes[err]; ok {
		return c, true
	}
	var c code
	if errors.As(err, &c) {
		return c, true
	}
	if err == nil {
		return 0, false
	}
	if number, ok := strings.CutPrefix(err.Error(), "unknown error: "); ok {
		if n, err := strconv.ParseInt(number, 10, 32); err == nil {
			return code(n), true
		}
	}
	return 0, false
}

// outcome is what an error of a transaction says about it.
type outcome int

const (
	applied outcome = iota
	notApplied
	unknown
)

// outcomeOf judges a transaction's error. What the server answered is definite;
// so is what was never sent. Of everything else (a closed connection, a
// deadline of our own, a session lost on the way) the server may have got the
// transaction and applied it.
func outcomeOf(err error) outcome {
	c, fromServer := codeOf(err)
	switch {
	case err == nil:
		return applied
	case errors.Is(err, zk.ErrNoServer) || errors.Is(err, errNotSent):
		return notApplied
	case !fromServer:
		return unknown
	case c == codeConnectionLoss || c == codeOperationTimeout || c == codeSessionExpired || c == codeSessionMoved:
		return unknown
	default:
		return notApplied
	}
}

// beforehand are the errors with which a server refuses a request before it looks at it.
var beforehand = map[code]bool{
	codeUnimplemented: true, codeAuthFailed: true, codeAuthRequired: true, codeNotReadOnly: true, codeThrottled: true,
}

// outcomeOfMulti is outcomeOf for a multi. A server that refuses an operation of a multi
// answers with a result for each. So an error without results says only that the multi
// was not applied if it is one of those beforehand.
func outcomeOfMulti(results []zk.MultiResponse, err error) outcome {
	o := outcomeOf(err)
	if c, answered := codeOf(err); o == notApplied && answered && len(results) == 0 && !beforehand[c] {
		return unknown
	}
	return o
}

// errNotSent means that a request was given up before anything left.
var errNotSent = errors.New("nothing was sent")

// explained is an error that has its words.
type explained struct{ error }

func (e *explained) Unwrap() error { return e.error }

// explain gives the words for err, which came from doing deed to path. Of a znode
// that may not be used it tells who may.
func (t *Target) explain(deed, path string, err error) error {
	return t.told(deed, path, path, true, err)
}

// explainIn is explain for what the access list of the znode above decides on:
// making znodes and deleting them.
func (t *Target) explainIn(deed, path string, err error) error {
	return t.told(deed, path, parent(path), true, err)
}

// words is explain for those who have many to ask for: it asks the server nothing.
func (t *Target) words(deed, path string, err error) error {
	return t.told(deed, path, path, false, err)
}

// told gives the words for err; what is done to path is decided on by the access
// list of guard.
func (t *Target) told(deed, path, guard string, ask bool, err error) error {
	var told *explained
	if err == nil || errors.Is(err, context.Canceled) || errors.As(err, &told) {
		return err
	}
	where := plan.Printable(path)
	c, ok := codeOf(err)
	switch {
	case !ok && errors.Is(err, zk.ErrNoServer):
		return t.unreachable()
	case !ok && errors.Is(err, zk.ErrShortBuffer):
		return target.WithHint(&explained{fmt.Errorf("%s %s: the request is larger than a server takes", deed, where)},
			"check the size of its parent's ACL: a new znode gets the same ACL, unless the project declares another")
	case !ok:
		if bad := t.malformed.Load(); bad != nil && isLost(err) {
			err = fmt.Errorf("%w (%w)", bad.explain(), err)
		}
		return &explained{fmt.Errorf("%s %s: %w", deed, where, err)}
	}
	err = &explained{fmt.Errorf("%s %s: %w", deed, where, c)}
	switch c {
	case codeNoAuth, codeAuthFailed:
		if guard == "" {
			guard = "/"
		}
		lets := ""
		if ask {
			if lets = t.lets(guard); lets != "" {
				lets = "; its ACL: " + lets
			}
		}
		return target.WithHint(
			fmt.Errorf("%w: wrong or missing credentials for %s (offered: %s%s)", err, plan.Printable(guard), t.offered(), lets),
			"set CONFO_SYNC_ZK_USER and CONFO_SYNC_ZK_PASSWD, or use --user NAME or --credentials FILE; ZooKeeper reports a wrong password like a missing permission")
	case codeAuthRequired:
		return target.WithHint(fmt.Errorf("%w, and accepted none of the credentials (offered: %s)", err, t.offered()),
			"set CONFO_SYNC_ZK_USER and CONFO_SYNC_ZK_PASSWD, or use --user NAME or --credentials FILE; a server that requires SASL can't be used")
	case codeTooLarge:
		return target.WithHint(
			&explained{fmt.Errorf("%s %s: %w: it has more than %d bytes", deed, where, c, t.opts.largest())},
			"find out who wrote it, and delete it; if the jute.maxbuffer of the servers allows this size, use --max-request BYTES or set max_request of the target")
	}
	hint := codeHints[c]
	if codeWords[c] == "" {
		hint = unknownHint
	}
	if hint == "" {
		hint = againHint
	}
	return target.WithHint(err, hint)
}

// explain gives the words for an error of the connection itself.
func (w *wire) explain(err error) error {
	var network net.Error
	var bad *malformedAnswer
	switch {
	case errors.As(err, &bad):
		return (&fromServer{w.host, bad}).explain()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return target.WithHint(fmt.Errorf("the server %s closed the connection in the middle of an answer", w.host),
			againHint)
	case errors.As(err, &network) && network.Timeout():
		return target.WithHint(fmt.Errorf("the server %s has not answered for %s", w.host, w.silence),
			"check whether the server is overloaded or has lost its ensemble")
	}
	return err
}

// IsLost reports whether an error means that the connection to the servers or the session
// was lost, or that no answer came in time. The same command can succeed later.
func IsLost(err error) bool {
	if isLost(err) || errors.Is(err, zk.ErrNoServer) || errors.Is(err, errNotSent) {
		return true
	}
	c, ok := codeOf(err)
	return ok && (c == codeConnectionLoss || c == codeOperationTimeout || c == codeSessionExpired || c == codeSessionMoved)
}

// isLost reports whether an error of go-zookeeper may come from a connection that a
// malformed answer ended.
func isLost(err error) bool {
	return errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, errNoAnswer)
}

// explain gives the words for what a server did wrong.
func (s *fromServer) explain() error {
	err := fmt.Errorf("the server %s: %w", s.host, s.err)
	var known *refusal
	if errors.As(s.err, &known) {
		err = target.WithHint(err, known.next)
	}
	return err
}

// unreachable is the error of a target none of whose servers gave a session. It
// names each server and what it said last.
func (t *Target) unreachable() error {
	reasons, hint := t.hosts.reasons()
	if hint == "" {
		hint = "check the address and the port, and that a server runs there (--timeout sets how long to wait)"
	}
	return target.WithHint(&examinable{fmt.Errorf("cannot reach %s: %s", t, reasons)}, hint)
}
