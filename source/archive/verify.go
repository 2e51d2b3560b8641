package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/confo-sync/confo-sync/plan"
)

// maxFindings is how many configurations Verify names.
const maxFindings = 1000

// Verify reads all of an archive and checks everything in it: every checksum,
// name, size and count, the order, and what holds what. What is not as it was
// written is the error; the findings are configurations that Confo can't read,
// and are so at the target too. It calls progress, if it is set, now and then:
// so many nodes of so many.
func Verify(ctx context.Context, path string, opts OpenOptions, progress func(done, total int)) (Manifest, []plan.Finding, error) {
	r, err := Open(path, opts)
	if err != nil {
		return Manifest{}, nil, err
	}
	defer r.Close()
	var findings []plan.Finding
	var inside error
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.checkSum(ctx) })
	group.Go(func() error {
		// What is wrong inside says more than the sum, and goes first.
		findings, inside = r.check(ctx, progress)
		return nil
	})
	err = group.Wait()
	if inside != nil && !errors.Is(inside, context.Canceled) {
		err = inside
	}
	return r.manifest, findings, err
}

// checkSum compares the sum of the whole file, which takes in what nothing else
// looks at.
func (r *Reader) checkSum(ctx context.Context) error {
	h := sha256.New()
	rest := io.NewSectionReader(r.src, 0, r.size-afterSum)
	for {
		switch _, err := io.CopyN(h, rest, 4<<20); {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			if [32]byte(h.Sum(nil)) != r.trailer.sum {
				return r.damaged("the checksum of the file differs")
			}
			return nil
		case err != nil:
			return r.damaged("it can't be decrypted completely")
		}
	}
}

// check looks at all there is.
func (r *Reader) check(ctx context.Context, progress func(done, total int)) ([]plan.Finding, error) {
	total, done := 0, 0
	for _, m := range r.manifest.Members {
		if strings.HasPrefix(m.Name, nodesFolder) {
			total += m.Nodes
		}
	}
	var findings []plan.Finding
	more := 0
	look := func(l *line) { l.wrong = r.unreadable(&l.Stored) }
	for l, err := range r.lines(ctx, look) {
		if err != nil {
			return findings, err
		}
		if done++; progress != nil && done%4096 == 0 {
			progress(min(done, total), total)
		}
		switch {
		case l.wrong == "":
		case len(findings) == maxFindings:
			more++
		default:
			findings = append(findings, plan.Finding{
				Key:     plan.Key{Namespace: strings.Clone(l.Key.Namespace), Config: strings.Clone(l.Key.Config)},
				Message: l.wrong,
				Hint:    "restore it as it is, or correct it at the target: the backup has its exact bytes",
			})
		}
	}
	if more > 0 {
		findings = append(findings, plan.Finding{Message: fmt.Sprintf("%d more configurations can't be read by Confo", more)})
	}
	for _, err := range r.Entries(ctx) {
		if err != nil {
			return findings, err
		}
	}
	if progress != nil {
		progress(total, total)
	}
	return findings, nil
}

// unreadable says why Confo can't read a configuration.
func (r *Reader) unreadable(s *plan.Stored) string {
	if kindOf(s) != isConfig {
		return ""
	}
	if _, err := r.value(s).Parse(); err != nil {
		return err.Error()
	}
	return ""
}
