package handlers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots takes a picture of every page at three widths in both themes, and of what opens on it, for eyes to judge.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("CITD_SHOTS")
	if dir == "" {
		t.Skip("with CITD_SHOTS=DIR, this writes a picture of each page and dialog into DIR")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	save := func(p *tab, a chromedp.Action[[]byte], parts ...any) {
		png, err := chromedp.Run(p.ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(fmt.Sprintln(parts...)), "-"), "-") + ".png"
		if err := os.WriteFile(filepath.Join(dir, name), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{} // states that are the same on each page
	n := 0
	eachPage(t, openTab, func(p *tab, path string) {
		if n++; path == "/" {
			path = fmt.Sprint("/queue ", n) // the empty one and the full one
		}
		for _, width := range []int64{1440, 1024, 390} {
			p.size(width)
			for _, theme := range []string{"light", "dark"} {
				run[bool](p, `(scrollTo(0, 0), document.documentElement.dataset.theme = '`+theme+`', true)`)
				if width == 1440 && theme == "light" {
					save(p, chromedp.CaptureScreenshot(), "window", path)
				}
				eachState(p, func(state, _ string) {
					key := fmt.Sprint(state, width, theme)
					switch {
					case state == "":
						save(p, chromedp.FullScreenshot(100), path, width, theme)
					case !seen[key]:
						seen[key] = true
						shot := chromedp.CaptureScreenshot()
						if strings.HasPrefix(state, "details") { // may unfold below
							shot = chromedp.FullScreenshot(100)
						}
						save(p, shot, path, state, width, theme)
					}
				})
			}
		}
	})
}
