package archive_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/confo-sync/confo-sync/plan"
	"github.com/confo-sync/confo-sync/source/archive"
	"github.com/confo-sync/confo-sync/source/secret"
)

// nodes yields n configurations of 300 bytes in 20 namespaces, in order.
func nodes(n int, yield func(plan.Stored) error) error {
	if err := yield(znode("", []byte{})); err != nil {
		return err
	}
	for ns := range 20 {
		s := znode(fmt.Sprintf("namespace%02d", ns), []byte{})
		if err := yield(s); err != nil {
			return err
		}
		namespace := s.Path
		data := make([]byte, 0, 300)
		for i := range n / 20 {
			data = fmt.Appendf(data[:0], `{"host": "db-%d.example.com", "port": %d, "user": "service_%d", "password": "%x", "vendor": "postgres", "pool": {"min": %d, "max": %d}, "replicas": ["a-%d", "b-%d", "c-%d"], "comment": "`,
				i*7919%n, 3000+i%1000, i%97, i*2654435761, i%7, i%31, i, i*3, i*5)
			for len(data) < 298 {
				data = append(data, 'a'+byte(len(data)*i%26))
			}
			data = append(data, `"}`...)
			config := fmt.Sprintf("config%07d", i)
			s := plan.Stored{
				Path: namespace + "/" + config, Key: plan.Key{Namespace: namespace, Config: config},
				Value: plan.NewValue(data), Access: world,
				Stat: &plan.Stat{Czxid: 1<<32 + int64(i), Mzxid: 1<<32 + int64(i*3), Pzxid: 1<<32 + int64(i), Ctime: 1700000000000 + int64(i), Mtime: 1700000000000 + int64(i*13), Version: int32(i % 5)},
			}
			if err := yield(s); err != nil {
				return err
			}
		}
	}
	return nil
}

var world = plan.Access{"world:anyone:cdrwa"}

// peak watches what the collections of garbage find to be in use until it is
// stopped, and returns the most, in MiB.
func peak() (stop func() float64) {
	done := make(chan struct{})
	most := make(chan uint64)
	go func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		highest := uint64(0)
		for {
			metrics.Read(live)
			highest = max(highest, live[0].Value.Uint64())
			select {
			case <-done:
				most <- highest
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		close(done)
		return float64(<-most) / (1 << 20)
	}
}

func benchWrite(b *testing.B, n int, to *secret.Recipients) {
	path := filepath.Join(b.TempDir(), "backup.tar.zst")
	var m archive.Manifest
	runtime.GC()
	stop := peak()
	b.ReportAllocs()
	for b.Loop() {
		w, err := archive.Create(path, aboutZK, archive.Options{Overwrite: true, Recipients: to})
		if err != nil {
			b.Fatal(err)
		}
		if err := nodes(n, w.Add); err != nil {
			b.Fatal(err)
		}
		if m, err = w.Finish(1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(stop(), "live-MiB")
	if m.Counts.Configurations != n {
		b.Fatal(m.Counts)
	}
}

// benchFile writes an archive.
func benchFile(b *testing.B, n int, to *secret.Recipients) string {
	path := filepath.Join(b.TempDir(), "backup.tar.zst")
	w, err := archive.Create(path, aboutZK, archive.Options{Recipients: to})
	if err != nil {
		b.Fatal(err)
	}
	if err := nodes(n, w.Add); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Finish(1); err != nil {
		b.Fatal(err)
	}
	return path
}

func benchRead(b *testing.B, n int, to *secret.Recipients, read func(string) error) {
	path := benchFile(b, n, to)
	runtime.GC()
	stop := peak()
	b.ReportAllocs()
	for b.Loop() {
		if err := read(path); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(stop(), "live-MiB")
}

func BenchmarkWrite(b *testing.B) {
	to, _ := identity(b)
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) { benchWrite(b, n, nil) })
	}
	b.Run("100000 encrypted", func(b *testing.B) { benchWrite(b, 100_000, to) })
	b.Run("making 100000", func(b *testing.B) {
		for b.Loop() {
			nodes(100_000, func(plan.Stored) error { return nil })
		}
	})
}

// BenchmarkCompress is the floor of writing: compressing what is written on all
// cores, and nothing else.
func BenchmarkCompress(b *testing.B) {
	path := benchFile(b, 100_000, nil)
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	d, err := zstd.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	all, err := io.ReadAll(d)
	if err != nil {
		b.Fatal(err)
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(4<<20))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		var compressing sync.WaitGroup
		for part := range slices.Chunk(all, 4<<20) {
			compressing.Go(func() { e.EncodeAll(part, make([]byte, 0, 4<<20)) })
		}
		compressing.Wait()
	}
}

func BenchmarkRead(b *testing.B) {
	to, ids := identity(b)
	opts := archive.OpenOptions{Decrypt: ids}
	allOf := func(path string) error {
		r, err := archive.Open(path, opts)
		if err != nil {
			return err
		}
		defer r.Close()
		for _, err := range r.All(context.Background()) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	verify := func(path string) error {
		_, _, err := archive.Verify(context.Background(), path, opts, nil)
		return err
	}
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("all %d", n), func(b *testing.B) { benchRead(b, n, nil, allOf) })
		b.Run(fmt.Sprintf("verify %d", n), func(b *testing.B) { benchRead(b, n, nil, verify) })
	}
	b.Run("verify 100000 encrypted", func(b *testing.B) { benchRead(b, 100_000, to, verify) })
	b.Run("manifest of 100000", func(b *testing.B) {
		benchRead(b, 100_000, nil, func(path string) error {
			r, err := archive.Open(path, opts)
			if err != nil {
				return err
			}
			return r.Close()
		})
	})
}
