package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/confo-sync/confo-sync/plan"
)

const (
	jsCount = `document.getElementById("count").textContent`
	// jsShown are the names of the changes that can be seen.
	jsShown  = `[...document.querySelectorAll(".change")].filter((c) => c.checkVisibility()).map((c) => c.querySelector(".name").textContent.replace(/.*\//, "")).join(" ")`
	allShown = "limits motd old gone last database feature-flags legacy routes"
	jsFocus  = `(document.activeElement.id || document.activeElement.className || document.activeElement.tagName) + ""`
)

// jsPale are the texts whose contrast with what is behind them is below 4.5, as WCAG
// counts it.
const jsPale = `(() => {
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
	const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
	const luminance = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return rgba("Canvas"); };
	const pale = new Set();
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !e.checkVisibility() || e.closest("script, style")) continue;
		const [a, b] = [rgba(getComputedStyle(e).color), behind(e)].map(luminance).sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < 4.5) pale.add(e.tagName + "." + e.className + " " + contrast.toFixed(2));
	}
	return [...pale].join(", ");
})()`

// matrixPageOf returns a page of three environments with everything that it shows; of one
// configuration, its fields.
func matrixPageOf(t *testing.T, fields bool) string {
	t.Helper()
	m := &Matrix{Environments: []string{"development", "staging", "prod"}, Same: 12}
	row := func(namespace, config string, cells ...MatrixCell) {
		m.Rows = append(m.Rows, MatrixRow{Object: Object{Namespace: namespace, Configuration: &config}, Cells: cells})
	}
	row("shop", "database", MatrixCell{Value: "A"}, MatrixCell{Value: "B"}, MatrixCell{Value: "C", Drifted: true})
	row("shop", "limits", MatrixCell{Value: "A"}, MatrixCell{Value: "A"}, MatrixCell{Value: "A"})
	row("warehouse", "a-rather-long-name-of-a-configuration", MatrixCell{Value: "A"}, MatrixCell{}, MatrixCell{Value: "B"})
	if fields {
		m.AddFields([]*plan.Node{decoded(t, `{"host": "db1.dev", "port": 5432, "pool": {"max": 8}}`), decoded(t, `{"host": "db1.staging", "port": 5432, "pool": {"max": 8}}`),
			decoded(t, `{"host": "a-rather-long-name-of-a-host-that-is-in-production.example.com", "port": 5432, "pool": {"max": 64}, "ssl": true}`)})
	}
	var b bytes.Buffer
	if err := MatrixHTML(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func decoded(t *testing.T, json string) *plan.Node {
	t.Helper()
	n, err := plan.Decode([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return &n
}

func TestInBrowser(t *testing.T) {
	browser := startBrowser(t)
	page := sampleHTML(t)

	t.Run("filter by text", func(t *testing.T) {
		b := open(t, browser, page)
		b.waitFor(jsCount, "9 changes")
		b.press("/")
		for _, test := range []struct{ typed, count, shown string }{
			{"MOTD", "1 of 9 changes", "motd"},                           // a name
			{"pool.max", "1 of 9 changes", "database"},                   // a field
			{"overdue", "1 of 9 changes", "motd"},                        // in a value, marked
			{"your bill is overdue.", "1 of 9 changes", "motd"},          // all around it
			{"shop/", "3 of 9 changes", "database feature-flags legacy"}, // a namespace
			{"5432 example", "1 of 9 changes", "database"},               // two words
			{"backoff", "1 of 9 changes", "routes"},                      // JSON in a text
			{"(sensitive #2)", "1 of 9 changes", "database"},             // what is masked
			{"shop/LEGACY", "1 of 9 changes", "legacy"},
			{"nothing like it", "0 of 9 changes", ""},
		} {
			b.press(test.typed)
			b.waitFor(jsCount, test.count)
			b.waitFor(jsShown, test.shown)
			b.waitFor(`document.getElementById("nothing").checkVisibility()`, fmt.Sprint(test.shown == ""))
			b.press(kb.Escape)
			b.waitFor(jsCount, "9 changes")
			b.waitFor(`document.getElementById("query").value`, "")
		}
		b.waitFor(jsShown, allShown)
	})

	t.Run("filter by action", func(t *testing.T) {
		b := open(t, browser, page)
		b.click("input[value=update]")
		b.waitFor(jsShown, "old gone last feature-flags")
		b.waitFor(jsCount, "4 of 9 changes")
		b.waitFor(`document.getElementById("namespace/warehouse").checkVisibility()`, "false")
		b.click("input[value=delete]")
		b.waitFor(jsShown, "feature-flags")
		b.click("input[value=create]")
		b.waitFor(jsShown, "")
		b.click("#clear")
		b.waitFor(jsShown, allShown)
		b.waitFor(jsFocus, "query")
	})

	t.Run("the filter is in the address", func(t *testing.T) {
		b := open(t, browser, page)
		b.click("input[value=delete]")
		b.press("/limits")
		b.waitFor(jsShown, "limits")
		b.waitFor(`location.hash`, "#?q=limits&hide=delete")
		b.run(chromedp.Reload())
		b.waitFor(jsShown, "limits")
		b.waitFor(`document.querySelector("input[value=delete]").checked`, "false")
		// A link to what the filter hides shows it.
		b.evaluate(`location.hash = "#change/shop/database"`)
		b.waitFor(jsShown, allShown)
		b.press(kb.Escape)
		b.waitFor(`location.hash`, "#change/shop/database")
	})

	t.Run("fold", func(t *testing.T) {
		b := open(t, browser, page)
		b.click("#fold")
		b.waitFor(jsShown, "")
		b.click(`[id="namespace/shop"] > summary`)
		b.waitFor(jsShown, "database feature-flags legacy")
		b.click("#unfold")
		b.waitFor(jsShown, allShown)
		b.click("#fold")
		b.evaluate(`location.hash = "#change/warehouse/routes"`)
		b.waitFor(jsShown, "routes")
	})

	t.Run("keyboard", func(t *testing.T) {
		b := open(t, browser, page)
		b.press(kb.Tab)
		b.waitFor(jsFocus, "skip")
		b.press(kb.Enter)
		b.waitFor(jsFocus, "changes")
		b.press("/")
		b.waitFor(jsFocus, "query")
		b.press("a/b") // is typed, and not a command
		b.waitFor(`document.getElementById("query").value`, "a/b")
		b.press(kb.Escape)
		var order []string
		for len(order) < 8 {
			b.press(kb.Tab)
			order = append(order, b.evaluate(`document.activeElement.value || document.activeElement.id || document.activeElement.tagName`))
			if outline := b.evaluate(`getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
				t.Errorf("the focus on %s can't be seen: %s", order[len(order)-1], outline)
			}
		}
		if got, want := strings.Join(order, " "), "create update delete fold unfold on SUMMARY A"; got != want {
			t.Errorf("the tab key goes to %s, not %s", got, want)
		}
		b.evaluate(`document.querySelector(".namespace > summary").focus()`)
		b.press(kb.Enter)
		b.waitFor(jsShown, "gone last database feature-flags legacy routes")
		b.press(kb.Enter)
		b.waitFor(jsShown, allShown)
	})

	t.Run("side by side", func(t *testing.T) {
		b := open(t, browser, page)
		// places are the top of what was and what is, and where they begin.
		const places = `(() => {
			const place = (selector) => document.querySelector(selector).getBoundingClientRect();
			const pairs = [[".hunk .gone", ".hunk .came"], [".long .before", ".long .after"]].map((p) => p.map(place));
			return pairs.every(([b, a]) => a.top === b.top && a.left >= b.right) ? "beside" :
				pairs.every(([b, a]) => a.top >= b.bottom && a.left === b.left) ? "below" : "muddled";
		})()`
		b.waitFor(places, "below")
		b.click("#side")
		b.waitFor(places, "beside")
		b.screenshot("side-by-side")
		b.click("#side")
		b.waitFor(places, "below")
	})

	t.Run("without JavaScript", func(t *testing.T) {
		b := open(t, browser, page, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
		b.waitFor(jsShown, allShown)
		b.waitFor(`[...document.querySelectorAll("form, button")].some((e) => e.checkVisibility())`, "false")
		b.waitFor(`[...document.querySelectorAll(".edit > .values, .line")].every((e) => e.closest(".raw") || e.checkVisibility())`, "true")
		b.click("#side")
		b.waitFor(`getComputedStyle(document.querySelector(".hunk")).display`, "grid")
		b.click(".namespace > summary")
		b.waitFor(jsShown, "gone last database feature-flags legacy routes")
	})

	t.Run("looks", func(t *testing.T) {
		b := open(t, browser, page)
		colors := map[string]bool{}
		for _, scheme := range []string{"light", "dark"} {
			b.run(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			}))
			colors[b.evaluate(`getComputedStyle(document.body).backgroundColor`)] = true
			for _, width := range []int64{1280, 390} {
				b.run(chromedp.EmulateViewport(width, 900))
				for _, side := range []string{"false", "true"} {
					b.evaluate(`document.getElementById("side").checked = ` + side)
					if got := b.evaluate(`document.documentElement.scrollWidth <= innerWidth`); got != "true" {
						t.Errorf("%s, %d wide: the page is %s wide", scheme, width, b.evaluate(`document.documentElement.scrollWidth`))
					}
				}
				b.evaluate(`document.getElementById("side").checked = false`)
				b.screenshot(fmt.Sprintf("%s-%d", scheme, width))
			}
		}
		if len(colors) != 2 {
			t.Errorf("light and dark have the backgrounds %v", colors)
		}
	})

	t.Run("the first change is on the first screen", func(t *testing.T) {
		r := manyChanges(300)
		for range 30 {
			r.Warnings = append(r.Warnings, Finding{Message: "something to know", Hint: "do it"})
		}
		r.Environment, r.Commit, r.Fingerprint = "staging", strings.Repeat("ab", 20), "p1-xyz"
		b := open(t, browser, htmlOf(t, r))
		for _, size := range [][2]int64{{1280, 720}, {390, 700}} {
			b.run(chromedp.EmulateViewport(size[0], size[1]))
			b.evaluate(`scrollTo(0, 0)`)
			if below := b.evaluate(`document.querySelector(".change .edit").getBoundingClientRect().bottom - innerHeight`); !strings.HasPrefix(below, "-") {
				t.Errorf("%d wide: the first edit is %s pixels below the first screen", size[0], below)
			}
			b.screenshot(fmt.Sprintf("first-%d", size[0]))
		}
		b.waitFor(`document.querySelector(".facts code").checkVisibility()`, "false")
		b.click(".facts > summary")
		b.waitFor(`[...document.querySelectorAll(".facts code")].every((e) => e.checkVisibility())`, "true")
	})

	t.Run("contrast", func(t *testing.T) {
		for _, shown := range []string{page, matrixPageOf(t, false), matrixPageOf(t, true)} {
			b := open(t, browser, shown)
			for _, scheme := range []string{"light", "dark"} {
				b.run(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				}))
				b.evaluate(`document.querySelectorAll("details").forEach((d) => d.open = true)`)
				if pale := b.evaluate(jsPale); pale != "" {
					t.Errorf("%s: too little contrast: %s", scheme, pale)
				}
			}
		}
	})

	t.Run("matrix", func(t *testing.T) {
		for name, shown := range map[string]string{"matrix": matrixPageOf(t, false), "fields": matrixPageOf(t, true)} {
			b := open(t, browser, shown)
			for _, scheme := range []string{"light", "dark"} {
				b.run(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				}))
				for _, width := range []int64{1280, 390} {
					b.run(chromedp.EmulateViewport(width, 900))
					b.waitFor(`document.documentElement.scrollWidth <= innerWidth`, "true")
					b.screenshot(fmt.Sprintf("%s-%s-%d", name, scheme, width))
				}
			}
		}
	})

	t.Run("print", func(t *testing.T) {
		b := open(t, browser, page)
		b.click("#fold")
		b.run(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
		b.evaluate(`dispatchEvent(new Event("beforeprint"))`)
		b.waitFor(jsShown, allShown)
		b.waitFor(`[...document.querySelectorAll("form, button, .bar, .self")].some((e) => e.checkVisibility())`, "false")
		b.screenshot("print")
		b.evaluate(`dispatchEvent(new Event("afterprint"))`)
		b.waitFor(`document.querySelectorAll("details[open]").length`, "0")
	})

	t.Run("empty", func(t *testing.T) {
		b := open(t, browser, htmlOf(t, planOf(config{"a", "b", "[1]", "[1]"})))
		b.waitFor(`document.querySelector(".empty").checkVisibility()`, "true")
		b.screenshot("empty")
	})

	t.Run("hostile names and values", func(t *testing.T) {
		b := open(t, browser, hostilePage(t))
		b.waitFor(jsCount, "3 changes")
		b.run(chromedp.EmulateViewport(375, 900))
		b.waitFor(`document.documentElement.scrollWidth <= innerWidth`, "true")
		b.waitFor(`document.images.length + document.scripts.length`, "1")
		// Every link leads to where it says.
		b.waitFor(`[...document.links].every((a) => document.getElementById(a.hash.slice(1)))`, "true")
		b.screenshot("hostile")
	})
}

// TestManyChangesInBrowser says how long a page of 10,000 changes takes to load
// and to react. What it asserts is only that it does.
func TestManyChangesInBrowser(t *testing.T) {
	browser := startBrowser(t)
	page := htmlOf(t, manyChanges(10_000))
	start := time.Now()
	b := open(t, browser, page)
	b.waitFor(jsCount, "10000 changes")
	t.Logf("a page of %.1f MB loads in %v", float64(len(page))/1e6, time.Since(start).Round(time.Millisecond))

	// From the key to the frame that shows what it did, as the page sees it.
	b.evaluate(`(() => {
		window.times = [];
		let start;
		document.getElementById("query").addEventListener("input", () => { start = performance.now(); });
		const shown = () => requestAnimationFrame(() => setTimeout(() => times.push(Math.round(performance.now() - start))));
		new MutationObserver(shown).observe(document.getElementById("count"), {childList: true});
	})()`)
	b.press("/")
	for i, typed := range []string{"1", "7", kb.Backspace, kb.Backspace} {
		b.press(typed)
		b.waitFor(`times.length`, fmt.Sprint(i+1))
	}
	b.waitFor(jsCount, "10000 changes")
	t.Logf("keys in the filter take %s ms", b.evaluate(`times.join(", ")`))

	b.press("configuration-17")
	b.waitFor(jsCount, "100 of 10000 changes")
	b.click("input[value=update]")
	b.waitFor(jsCount, "0 of 10000 changes")

	// A link leads to where nothing was laid out yet.
	b.press("/" + kb.Escape)
	b.evaluate(`location.hash = "#change/namespace-0073/configuration-42"`)
	b.waitFor(`(() => {
		const target = document.querySelector(":target").getBoundingClientRect();
		return target.top >= 0 && target.bottom <= innerHeight;
	})()`, "true")
}
