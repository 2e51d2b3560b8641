package zk

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// session is a go-zookeeper session, for writing.
type session struct {
	conn    *zk.Conn
	id      int64
	expired atomic.Bool
}

// errSessionLost means that the session that everything was done under has
// ended.
var errSessionLost = errors.New("the ZooKeeper session has ended")

// openSession connects, and offers the credentials. zk.Connect itself never
// fails and tries for ever, so the wait for a session is bounded here. The size
// of what the client reads is not: with a limit it would drop the connection at
// a long listing, again and again.
func (t *Target) openSession(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, t.opts.Timeout)
	defer cancel()
	s := &session{}
	ready := make(chan struct{}, 1)
	conn, _, err := zk.Connect(t.url.Hosts, t.opts.SessionTimeout,
		zk.WithDialer(t.dial),
		zk.WithHostProvider(t.hosts),
		zk.WithLogger(quiet{t}),
		zk.WithLogInfo(false),
		// It panics on a request that is exactly as long as its buffer.
		zk.WithMaxConnBufferSize(t.opts.MaxRequest+512<<10),
		zk.WithEventCallback(func(e zk.Event) {
			switch e.State {
			case zk.StateHasSession:
				select {
				case ready <- struct{}{}:
				default:
				}
			case zk.StateExpired:
				s.expired.Store(true)
			}
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", t, err)
	}
	select {
	case <-ready:
	case <-ctx.Done():
		go conn.Close()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, t.unreachable()
		}
		return nil, context.Cause(ctx)
	}
	s.conn, s.id = conn, conn.SessionID()
	if err := s.offer(ctx, t.opts.Credentials); err != nil {
		go conn.Close()
		return nil, t.explain("authenticate with", t.String(), err)
	}
	t.opts.Log.Debug("writing session opened", "server", conn.Server(), "session", fmt.Sprintf("%#x", s.id))
	return s, nil
}

// opened is a session, or why there is none.
type opened struct {
	session *session
	err     error
}

// openAhead begins to open a session.
func (t *Target) openAhead() {
	ahead := make(chan opened, 1)
	t.ahead = ahead
	go func() {
		s, err := t.openSession(context.Background())
		ahead <- opened{s, err}
	}()
}

// takeSession returns the session that was opened ahead, if it is any good, or a
// new one.
func (t *Target) takeSession(ctx context.Context) (*session, error) {
	t.mu.Lock()
	ahead := t.ahead
	t.ahead = nil
	t.mu.Unlock()
	if ahead != nil {
		select {
		case o := <-ahead:
			if o.err == nil && !o.session.expired.Load() && o.session.conn.SessionID() == o.session.id {
				return o.session, nil
			}
			if o.err == nil {
				o.session.close()
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return t.openSession(ctx)
}

// offer adds the credentials to the session. While it is disconnected, AddAuth
// fails and forgets them, so it is tried until it works.
func (s *session) offer(ctx context.Context, all []Credentials) error {
	for len(all) > 0 {
		err := s.conn.AddAuth("digest", all[0].auth())
		if err == nil {
			all = all[1:]
			continue
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (s *session) close() { s.conn.Close() }

// quiet sends go-zookeeper's own log to ours: it would go to stderr.
type quiet struct{ t *Target }

func (q quiet) Printf(format string, args ...any) {
	q.t.opts.Log.Debug("go-zookeeper: " + fmt.Sprintf(format, args...))
}

// errNoAnswer means that we stopped waiting for an answer.
var errNoAnswer = errors.New("no answer in time")

// within runs one of go-zookeeper's calls, which know no deadline: a server
// that goes silent would hold them for ten times the session's timeout.
func within[T any](ctx context.Context, limit time.Duration, call func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	answered := make(chan result, 1)
	go func() {
		v, err := call()
		answered <- result{v, err}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var none T
	select {
	case r := <-answered:
		return r.value, r.err
	case <-timer.C:
		return none, errNoAnswer
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// reconnected waits until the session is connected again. The error says that
// it has ended, or may have.
func (s *session) reconnected(ctx context.Context, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		switch {
		case s.conn.SessionID() != s.id || s.expired.Load():
			return errSessionLost
		case s.conn.State() == zk.StateHasSession:
			return nil
		case time.Now().After(deadline):
			return errNoAnswer
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// maxSessionTries is how often a session is asked again whose connection is lost.
const maxSessionTries = 10

// read is within for what changes nothing: when the connection is lost, it is asked for
// again once the session has another one.
func read[T any](ctx context.Context, t *Target, s *session, call func() (T, error)) (T, error) {
	for tries := 0; ; tries++ {
		v, err := within(ctx, t.patience(), call)
		if _, answered := codeOf(err); err == nil || answered || ctx.Err() != nil || errors.Is(err, errNoAnswer) || tries == maxSessionTries {
			return v, err
		}
		time.Sleep(20 * time.Millisecond) // the loss may not have been noticed yet
		if s.reconnected(ctx, t.patience()) != nil {
			return v, err
		}
	}
}

// exists asks for a znode. An error comes with found == true, so it is looked
// at first.
func (s *session) exists(ctx context.Context, t *Target, path string) (bool, error) {
	found, err := read(ctx, t, s, func() (bool, error) {
		found, _, err := s.conn.Exists(path)
		return found, err
	})
	if c, ok := codeOf(err); ok && c == codeNoAuth {
		return true, nil // since 3.9 looking takes the right to read what is there
	}
	if err != nil {
		return false, t.explain("look for", path, err)
	}
	return found, nil
}
