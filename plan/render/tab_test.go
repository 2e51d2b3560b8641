package render

import (
	"bytes"
	gocontext "context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// startBrowser starts a Chromium that runs until the test ends.
func startBrowser(t *testing.T) gocontext.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("this takes a browser")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("there is no chromium to test HTML reports with: install it (apt-get install chromium), or leave this out with -short")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	)
	ctx, stop := chromedp.NewExecAllocator(gocontext.Background(), options...)
	t.Cleanup(stop)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

type step = chromedp.Action[chromedp.Void]

// command is a step of the protocol itself.
func command[P, R any](c cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx gocontext.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// tab is a page that is open in a browser.
type tab struct {
	*testing.T
	ctx gocontext.Context
	url string

	mu        sync.Mutex
	requests  []string
	complaint []string // errors and exceptions
}

// open shows a page in a tab of its own. At the end of the test nothing must
// have been complained of, and nothing but the page been asked for.
func open(t *testing.T, browser gocontext.Context, page string, before ...step) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	ctx, cancel := gocontext.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx, url: "file://" + file}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaint {
			t.Errorf("the browser complains: %s", c)
		}
		for _, r := range b.requests {
			if r, _, _ = strings.Cut(r, "#"); r != b.url {
				t.Errorf("the page asks for %s", r)
			}
		}
		if len(b.requests) == 0 {
			t.Error("not even the page was asked for")
		}
	})
	b.run(command(network.Enable, network.EnableParams{}), chromedp.EmulateViewport(1280, 900))
	b.run(before...)
	b.run(chromedp.Navigate(b.url))
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.complaint = append(b.complaint, fmt.Sprint(e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		b.complaint = append(b.complaint, "console."+string(e.Type))
	case *log.EventEntryAdded:
		b.complaint = append(b.complaint, e.Entry.Text)
	}
}

func (b *tab) run(steps ...step) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// evaluate returns what an expression is in the page, as fmt prints it.
func (b *tab) evaluate(expression string) string {
	b.Helper()
	result, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return fmt.Sprint(result)
}

// waitFor waits until an expression is what is wanted.
func (b *tab) waitFor(expression, want string) {
	b.Helper()
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = b.evaluate(expression); got == want {
			return
		}
	}
	b.Fatalf("%s is %s, not %s", expression, got, want)
}

// press presses keys where the focus is. As from a keyboard, and other than from
// chromedp.KeyEvent, a key that the page takes for itself types nothing.
func (b *tab) press(keys string) {
	b.Helper()
	for _, r := range keys {
		for _, event := range kb.Encode(r) {
			if event.Type == kb.KeyDown {
				event.Type = kb.KeyRawDown
			}
			b.run(command(input.DispatchKeyEvent, *event))
		}
	}
}

// click clicks what a selector finds, as a mouse does.
func (b *tab) click(selector string) {
	b.Helper()
	b.run(chromedp.Click(chromedp.CSS(selector)))
}

func (b *tab) resize(width, height string) {
	b.Helper()
	w, _ := strconv.ParseInt(width, 10, 64)
	h, _ := strconv.ParseInt(height, 10, 64)
	b.run(chromedp.EmulateViewport(w, h))
}

// screenshot leaves a picture of the whole page in a folder of the test, or in
// that which CONFO_SYNC_TEST_SCREENSHOTS names.
func (b *tab) screenshot(name string) {
	b.Helper()
	// All of it is in view, or the browser would leave out what isn't.
	width, height := b.evaluate(`innerWidth`), b.evaluate(`document.documentElement.scrollHeight + 500`)
	b.resize(width, height)
	defer b.resize(width, "900")
	folder := os.Getenv("CONFO_SYNC_TEST_SCREENSHOTS")
	if folder == "" {
		folder = b.TempDir()
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		b.Errorf("%s is no picture", name)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		b.Error(err)
	}
}
