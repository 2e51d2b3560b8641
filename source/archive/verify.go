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

// maxFindings is the maximum number of findings of Verify.
const maxFindings = 1000

// Verify reads a complete archive and checks everything in it: checksums, names, sizes,
// counts, order and parents. The error is a *Damaged if a check fails. The findings are
// configurations that Confo can't read, neither in the archive nor at the target.
// progress, if set, is called with the number of checked nodes.
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
		// Errors in the content are more specific than a wrong checksum, so they take
		// precedence.
		findings, inside = r.check(ctx, progress)
		return nil
	})
	err = group.Wait()
	if inside != nil && !errors.Is(inside, context.Canceled) {
		err = inside
	}
	return r.manifest, findings, err
}

// checkSum verifies the checksum of the complete file, including the bytes that no
// other check reads.
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

// check checks the complete content.
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

// unreadable says why Confo can't read a configuration, or "".
func (r *Reader) unreadable(s *plan.Stored) string {
	if kindOf(s) != isConfig {
		return ""
	}
	if _, err := r.value(s).Parse(); err != nil {
		return err.Error()
	}
	return ""
}
