package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/go-zookeeper/zk"
	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/target/zk/zktest"
)

// BenchmarkTable measures the program as a whole process, against floors that
// are measured in the same run, and prints one table. ./scripts/bench runs it.
//
// The floors are what the work costs without this program: a bare loop of
// multiReads over the same znodes, bare multis with the same data, and yaml.v3
// parsing the same files on all cores.
func BenchmarkTable(b *testing.B) {
	sizes := []int{1_000, 10_000, 100_000}
	if os.Getenv("CONFO_SYNC_BENCH_MILLION") != "" {
		sizes = append(sizes, 1_000_000)
	}
	binary := filepath.Join(b.TempDir(), "confo-sync")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	for range b.N {
		t := &speedTable{B: b, binary: binary}
		for _, size := range sizes {
			t.measure(size)
		}
		t.latency(10_000)
		t.print(os.Stdout)
	}
}

const benchNamespaces = 20

type speedTable struct {
	*testing.B
	binary string
	server *zktest.Server
	dir    string
	rows   []speedRow
}

// speedRow is the median of several runs.
type speedRow struct {
	size     int
	what     string
	wall     time.Duration
	cpu      time.Duration
	requests int
	peak     int // KiB
	ratio    float64
}

// value is the n-th configuration's, 300 bytes long as JSON.
func value(n int) map[string]string {
	return map[string]string{
		"host": fmt.Sprintf("db%d.example.com", n), "port": strconv.Itoa(n%60000 + 1024),
		"note": strings.Repeat("n", 300-len(benchJSON(n, ""))), "vendor": "postgres", "pool": strconv.Itoa(n % 100),
	}
}

func benchJSON(n int, note string) string {
	return fmt.Sprintf(`{"host": "db%d.example.com", "port": %d, "vendor": "postgres", "pool": %d, "note": "%s"}`, n, n%60000+1024, n%100, note)
}

func benchData(n int) []byte {
	return []byte(benchJSON(n, strings.Repeat("n", 300-len(benchJSON(n, "")))))
}

func (t *speedTable) measure(size int) {
	t.server = zktest.Start(t.B, zktest.Config{Java: []string{"-Xmx8g"}})
	defer t.server.Kill()
	t.dir = t.TempDir()
	t.writeTree(size)
	tree, five, tiny := filepath.Join(t.dir, "tree"), filepath.Join(t.dir, "five"), filepath.Join(t.dir, "tiny")
	url := "zk://" + t.server.Addr

	times := 3
	if size > 100_000 {
		times = 1
	}
	root := 0
	t.pair(size, "apply of everything", times, "bare multis",
		func() time.Duration { return t.writeFloor(size, fmt.Sprintf("/floor%d", root)) },
		func() []string {
			root++
			return []string{"apply", "-q", "-s", tree, "-t", fmt.Sprintf("%s/everything%d", url, root), "--auto-approve"}
		})
	url += "/everything1"
	read := func() time.Duration { return t.readFloor(size, "/everything1") }
	both := func() time.Duration { return read() + yamlFloor(t.B, tree) }
	command := func(args ...string) func() []string { return func() []string { return args } }
	t.pair(size, "snapshot", 5, "bare multiReads", read, command("plan", "-q", "-s", tiny, "-t", url, "--prune", "none"))
	t.pair(size, "plan, nothing changed", 5, "bare multiReads + yaml.v3 on all cores", both, command("plan", "-q", "-s", tree, "-t", url))
	t.pair(size, "plan, 5 changes", 3, "bare multiReads + yaml.v3 on all cores", both, command("plan", "-q", "-s", five, "-t", url))
	t.pair(size, "apply of 5 changes", 1, "bare multiReads + yaml.v3 on all cores", both, command("apply", "-q", "-s", five, "-t", url, "--auto-approve"))
}

// pair runs a floor and the program in turn, several times, and adds the
// medians; the ratio is the median of the pairs'. The machine is shared: what
// runs at another time may run at another speed.
func (t *speedTable) pair(size int, what string, times int, floorName string, floor func() time.Duration, args func() []string) {
	var rows []speedRow
	var floors []time.Duration
	var ratios []float64
	for range times {
		f := floor()
		row := t.once(size, what, args()...)
		rows, floors, ratios = append(rows, row), append(floors, f), append(ratios, float64(row.wall)/float64(f))
	}
	slices.SortFunc(rows, func(a, b speedRow) int { return int(a.wall - b.wall) })
	slices.Sort(floors)
	slices.Sort(ratios)
	t.add(speedRow{size: size, what: "floor: " + floorName, wall: floors[len(floors)/2]})
	row := rows[len(rows)/2]
	row.ratio = ratios[len(ratios)/2]
	t.add(row)
}

// latency measures the same through a proxy that adds 2 ms to a round trip. How
// many round trips there are is told by one that adds so much that the noise of
// the machine doesn't count.
func (t *speedTable) latency(size int) {
	t.server = zktest.Start(t.B, zktest.Config{})
	defer t.server.Kill()
	t.dir = t.TempDir()
	t.writeTree(size)
	tree, five := filepath.Join(t.dir, "tree"), filepath.Join(t.dir, "five")
	proxy := zktest.NewProxy(t.B, t.server.Addr)
	url := "zk://" + proxy.Addr
	t.once(size, "", "apply", "-q", "-s", tree, "-t", url, "--auto-approve")
	plan := []string{"plan", "-q", "-s", tree, "-t", url}
	t.run(size, "plan, nothing changed, through a proxy", 7, plan...)
	proxy.Delay(time.Millisecond)
	t.run(size, "plan, nothing changed, with 2 ms", 7, plan...)
	proxy.Delay(0)
	base := t.once(size, "", plan...).wall
	const trip = 100 * time.Millisecond
	proxy.Delay(trip / 2)
	slow := t.once(size, "", plan...).wall
	slowApply := t.once(size, "", "apply", "-q", "-s", five, "-t", url, "--auto-approve").wall
	fmt.Printf("\nA plan of %d takes %.1f round trips, and an apply of 5 changes %.1f more.\n",
		size, float64(slow-base)/float64(trip), float64(slowApply-slow)/float64(trip))
}

// writeTree writes the YAML of so many configurations; another tree that
// differs in five, and one with a single one.
func (t *speedTable) writeTree(size int) {
	write := func(dir, name string, body func(w *bufio.Writer)) {
		if err := os.MkdirAll(filepath.Join(t.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(t.dir, dir, name))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(f)
		body(w)
		w.Flush()
		f.Close()
	}
	for ns := range benchNamespaces {
		for _, dir := range []string{"tree", "five"} {
			write(dir, fmt.Sprintf("ns%02d.yaml", ns), func(w *bufio.Writer) {
				for n := ns; n < size; n += benchNamespaces {
					pool := n % 100
					if dir == "five" && n < 5 {
						pool += 1000
					}
					v := value(n)
					fmt.Fprintf(w, "c%07d:\n  host: %s\n  port: %s\n  vendor: postgres\n  pool: %d\n  note: %s\n", n, v["host"], v["port"], pool, v["note"])
				}
			})
		}
	}
	write("tiny", "one.yaml", func(w *bufio.Writer) { w.WriteString("c: {a: 1}\n") })
}

// run runs the program several times and adds the median.
func (t *speedTable) run(size int, what string, times int, args ...string) time.Duration {
	var rows []speedRow
	for range times {
		rows = append(rows, t.once(size, what, args...))
	}
	slices.SortFunc(rows, func(a, b speedRow) int { return int(a.wall - b.wall) })
	row := rows[len(rows)/2]
	t.add(row)
	return row.wall
}

// once runs the program.
func (t *speedTable) once(size int, what string, args ...string) speedRow {
	before := t.packets()
	c := exec.Command(t.binary, args...)
	c.Stderr = os.Stderr
	start := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchPeak(c.Process.Pid)
	if err := c.Wait(); err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	wall := time.Since(start)
	return speedRow{
		size: size, what: what, wall: wall,
		cpu:      c.ProcessState.UserTime() + c.ProcessState.SystemTime(),
		requests: t.packets() - before - 1,
		peak:     <-peak,
	}
}

// watchPeak returns the most memory that a process ever has, in KiB, once it has
// ended. What the kernel tells of an ended process is no use here: it counts this
// one in, from which it was forked.
func watchPeak(pid int) <-chan int {
	peak := make(chan int, 1)
	go func() {
		last := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, after, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found {
				peak <- last
				return
			}
			if kib, err := strconv.Atoi(strings.Fields(after)[0]); err == nil {
				last = kib
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return peak
}

func (t *speedTable) packets() int {
	n, err := strconv.Atoi(zktest.Counter(t.B, t.server.Addr, "zk_packets_received"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (t *speedTable) add(r speedRow) {
	t.rows = append(t.rows, r)
	fmt.Fprintf(os.Stderr, "%d %s: %s\n", r.size, r.what, r.wall.Round(100*time.Microsecond))
}

func (t *speedTable) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %s/%s, %d cores\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "configurations\twhat\twall ms\tCPU ms\trequests\tpeak MiB\tKiB each\t/ floor\t")
	for _, r := range t.rows {
		ms := func(d time.Duration) string {
			if d == 0 {
				return "-"
			}
			return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
		}
		ratio, requests, peak, each := "-", "-", "-", "-"
		if r.ratio > 0 {
			ratio = fmt.Sprintf("%.2f", r.ratio)
		}
		if r.cpu > 0 {
			requests, peak, each = strconv.Itoa(r.requests), strconv.Itoa(r.peak/1024), fmt.Sprintf("%.2f", float64(r.peak)/float64(r.size))
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.size, r.what, ms(r.wall), ms(r.cpu), requests, peak, each, ratio)
	}
	tw.Flush()
}

// yamlFloor parses the files of a tree on all cores, and does nothing with them.
func yamlFloor(b *testing.B, dir string) time.Duration {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	next := make(chan string, len(files))
	for _, f := range files {
		next <- f
	}
	close(next)
	var wait sync.WaitGroup
	for range runtime.NumCPU() {
		wait.Go(func() {
			for f := range next {
				data, err := os.ReadFile(f)
				var n yaml.Node
				if err == nil {
					err = yaml.Unmarshal(data, &n)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	return time.Since(start)
}

// writeFloor creates the same znodes, below another root, in multis of 1,000
// with one under way.
func (t *speedTable) writeFloor(size int, root string) time.Duration {
	client := zktest.Client(t.B, t.server.Addr)
	acl := zk.WorldACL(zk.PermAll)
	start := time.Now()
	ops := []any{&zk.CreateRequest{Path: root, Data: []byte{}, Acl: acl}}
	for ns := range benchNamespaces {
		ops = append(ops, &zk.CreateRequest{Path: fmt.Sprintf("%s/ns%02d", root, ns), Data: []byte{}, Acl: acl})
		for n := ns; n < size; n += benchNamespaces {
			ops = append(ops, &zk.CreateRequest{Path: fmt.Sprintf("%s/ns%02d/c%07d", root, ns, n), Data: benchData(n), Acl: acl})
			if len(ops) == 1000 {
				if _, err := client.Multi(ops...); err != nil {
					t.Fatal(err)
				}
				ops = ops[:0]
			}
		}
	}
	if len(ops) > 0 {
		if _, err := client.Multi(ops...); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

// readFloor reads the same znodes with multiReads of 1,000, four under way, on a
// connection of its own, and throws the answers away.
func (t *speedTable) readFloor(size int, root string) time.Duration {
	start := time.Now()
	conn, err := net.Dial("tcp", t.server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 1<<20)
	send := func(body []byte) {
		if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)); err != nil {
			t.Error(err)
		}
	}
	receive := func() {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Discard(int(binary.BigEndian.Uint32(head[:]))); err != nil {
			t.Fatal(err)
		}
	}
	send(append(append(make([]byte, 12), 0, 0, 0x75, 0x30), append(append(make([]byte, 8), 0, 0, 0, 16), make([]byte, 17)...)...))
	receive()
	header := func(b []byte, kind int32, done byte) []byte {
		b = binary.BigEndian.AppendUint32(b, uint32(kind))
		return append(append(b, done), 0xFF, 0xFF, 0xFF, 0xFF)
	}
	slots := make(chan bool, 4)
	go func() {
		for ns, n := 0, 0; ns < benchNamespaces; {
			b := []byte{0, 0, 0, 1, 0, 0, 0, 22}
			for count := 0; count < 1000 && ns < benchNamespaces; count++ {
				path := fmt.Sprintf("%s/ns%02d/c%07d", root, ns, n+ns)
				b = header(b, 4, 0)
				b = append(binary.BigEndian.AppendUint32(b, uint32(len(path))), path...)
				b = append(b, 0)
				if n += benchNamespaces; n+ns >= size {
					ns, n = ns+1, 0
				}
			}
			slots <- true
			send(header(b, -1, 1))
		}
		close(slots)
	}()
	for range slots {
		receive()
	}
	return time.Since(start)
}
