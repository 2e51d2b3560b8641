package zk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/target"
)

var _ target.Examiner = (*Target)(nil)

// Examine implements target.Examiner.
func (t *Target) Examine(ctx context.Context) (*target.Status, error) {
	status := &target.Status{TLS: &target.TLS{Used: t.opts.TLS != nil}, Offered: t.identities()}
	w := t.probeAll(ctx, status)
	if ctx.Err() != nil {
		if w != nil {
			w.close()
		}
		return nil, context.Cause(ctx)
	}
	if w == nil {
		status.Unread = t.unreachable()
		return status, nil
	}
	seen := t.whoAmI(ctx, w.host)
	for _, id := range seen {
		status.Seen = append(status.Seen, id.scheme+":"+id.id)
	}
	t.keep(w)
	var looked target.Status
	err := t.reading(ctx, func(w *wire) error {
		looked = *status
		looked.Warnings, looked.Problems = slices.Clip(status.Warnings), slices.Clip(status.Problems)
		looked.Connected, looked.TLS = w.host, tlsOf(w)
		e := examination{target: t, wire: w, status: &looked, who: t.seenAs(seen)}
		return e.run()
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if looked.Connected == "" {
		looked = *status
	}
	looked.Unread = err
	return &looked, nil
}

// keep has w be the next session for reading.
func (t *Target) keep(w *wire) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		t.idle.close()
	}
	t.idle, t.used, t.connected = w, time.Now(), true
}

// examinable is an error of which Examine tells more.
type examinable struct{ error }

// Examine reports whether Examine tells more of it.
func (e *examinable) Examine() bool { return true }

// Examine reports whether Examine tells more of it: of rights that are missing.
func (e *explained) Examine() bool { return errors.Is(e.error, codeNoAuth) }

// examination looks at what is beside the configurations, through one session.
type examination struct {
	target *Target
	wire   *wire
	status *target.Status
	who    plan.Who // that the server takes the session for
}

func (e *examination) run() error {
	for _, look := range []func() error{e.rights, e.quotas, e.lock} {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

// ask asks for a few znodes. A read that fails is each's to judge; the error is
// that of the connection.
func (e *examination) ask(all []request, each func(i int, a *answer) error) error {
	if len(all) == 0 {
		return nil
	}
	// Those that a multiRead takes and those that it does not go apart.
	for _, single := range []bool{false, true} {
		var at []int
		for i, r := range all {
			if r.isSingle() == single {
				at = append(at, i)
			}
		}
		err := e.wire.fetch(len(at),
			func(i int) request { return all[at[i]] },
			func(i int, a *answer) error { return each(at[i], a) })
		if err != nil {
			return e.target.explain("look at", e.target.url.Root, e.wire.explain(err))
		}
	}
	return nil
}

// lock finds out who has the lock, and who waits for it.
func (e *examination) lock() error {
	var line []queued
	lock := &e.status.Lock
	err := e.ask([]request{{parent: e.target.locksRoot(), list: true}}, func(_ int, a *answer) error {
		switch {
		case a.code == 0:
			line = queue(slices.Clone(a.names))
		case a.code != codeNoNode:
			lock.Unknown = a.code.Error()
		}
		return nil
	})
	if err != nil {
		return err
	}
	reads := make([]request, len(line))
	for i, q := range line {
		reads[i] = request{parent: e.target.locksRoot(), name: q.name}
	}
	runs := make([]*target.Run, len(line))
	err = e.ask(reads, func(i int, a *answer) error {
		if a.code == codeNoNode {
			return nil // done meanwhile
		}
		runs[i] = &target.Run{}
		if a.code != 0 || json.Unmarshal(a.data, runs[i]) != nil {
			runs[i] = &target.Run{}
		}
		return nil
	})
	for _, run := range runs {
		switch {
		case run == nil:
		case lock.Holder == nil:
			lock.Holder = run
		default:
			lock.Waiting = append(lock.Waiting, *run)
		}
	}
	return err
}

// quotas finds the quotas that the root is under.
func (e *examination) quotas() error {
	under := append(ancestors(e.target.url.Root), e.target.url.Root)
	var reads []request
	for _, path := range under {
		reads = append(reads, request{parent: "/zookeeper/quota" + path, name: "zookeeper_limits"}, request{parent: "/zookeeper/quota" + path, name: "zookeeper_stats"})
	}
	found := make([]target.Quota, len(under))
	for i := range found {
		found[i] = target.Quota{Path: under[i], Znodes: -1, Bytes: -1, ZnodesMost: -1, BytesMost: -1}
	}
	err := e.ask(reads, func(i int, a *answer) error {
		if a.code != 0 {
			return nil
		}
		q, counts := &found[i/2], quotaNumbers(string(a.data))
		if i%2 == 1 {
			q.Znodes, q.Bytes = counts("count"), counts("bytes")
			return nil
		}
		q.ZnodesMost, q.ZnodesHard = bound(counts("count"), counts("countHardLimit"))
		q.BytesMost, q.BytesHard = bound(counts("bytes"), counts("byteHardLimit"))
		return nil
	})
	for _, q := range found {
		if q.ZnodesMost >= 0 || q.BytesMost >= 0 {
			e.status.Quotas = append(e.status.Quotas, q)
			e.judgeQuota(q)
		}
	}
	return err
}

// bound returns the lower of a quota's bounds, the soft one, which the server only
// logs, and the hard one.
func bound(soft, hard int64) (most int64, isHard bool) {
	if hard >= 0 && (soft < 0 || hard <= soft) {
		return hard, true
	}
	return soft, false
}

// quotaNumbers takes apart count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1,
// of which servers before 3.7 have the first two. What is not there is -1.
func quotaNumbers(text string) func(name string) int64 {
	numbers := map[string]int64{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(part, "=")
		if n, err := strconv.ParseInt(strings.TrimSuffix(value, "="), 10, 64); err == nil {
			numbers[name] = n
		}
	}
	return func(name string) int64 {
		if n, ok := numbers[name]; ok {
			return n
		}
		return -1
	}
}

// judgeQuota says what comes of a quota that is nearly used up.
func (e *examination) judgeQuota(q target.Quota) {
	full := func(used, most int64) bool { return most >= 0 && used >= most }
	near := func(used, most int64) bool { return most >= 0 && used >= most-most/10 }
	where := plan.Printable(q.Path)
	const hint = "delete something there, or have the quota raised (zkCli.sh: listquota, setquota)"
	switch {
	case q.ZnodesHard && full(q.Znodes, q.ZnodesMost), q.BytesHard && full(q.Bytes, q.BytesMost):
		e.problem("the quota of "+where+" is used up, so the server may refuse changes", hint)
	case near(q.Znodes, q.ZnodesMost), near(q.Bytes, q.BytesMost):
		e.warn("the quota of "+where+" is nearly used up", hint)
	}
}

func (e *examination) problem(message, hint string) {
	e.status.Problems = append(e.status.Problems, plan.Finding{Message: message, Hint: hint})
}

func (e *examination) warn(message, hint string) {
	e.status.Warnings = append(e.status.Warnings, plan.Finding{Message: message, Hint: hint})
}
