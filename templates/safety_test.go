package templates

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPolicy keeps the sources within the content security policy: nothing inline, nothing foreign.
func TestPolicy(t *testing.T) {
	never := map[string]*regexp.Regexp{
		"a style attribute":   regexp.MustCompile(`\sstyle\s*=`),
		"an inline style":     regexp.MustCompile(`<style`),
		"an inline script":    regexp.MustCompile(`<script[^>]*>\s*[^<\s]`),
		"an event attribute":  regexp.MustCompile(`\son[a-z]+\s*=`),
		"srcdoc":              regexp.MustCompile(`srcdoc`),
		"a foreign asset":     regexp.MustCompile(`(?:src|href)="(?:https?:)?//`),
		"an unquoted value":   regexp.MustCompile(`=\{\{`),
		"a script in address": regexp.MustCompile(`javascript:`),
	}
	eachFile(t, ".html", func(name, text string) {
		for what, re := range never {
			if m := re.FindString(text); m != "" {
				t.Errorf("%s has %s: %q", name, what, m)
			}
		}
	})
	sinks := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|new Function|createPolicy|createContextualFragment`)
	eachFile(t, ".js", func(name, text string) {
		want := 0
		if name == "static/dom.js" {
			want = 2 // the policy and the one place that uses it
		}
		if found := sinks.FindAllString(text, -1); len(found) != want {
			t.Errorf("%s: %v; text becomes HTML in fragment() of dom.js alone", name, found)
		}
	})
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`template\.(HTML|JS|JSStr|CSS|URL|Srcset|HTMLAttr)\b`).Find(text); m != nil {
			t.Errorf("%s uses %s, which nothing escapes", e.Name(), m)
		}
	}
}

func eachFile(t *testing.T, ext string, check func(name, text string)) {
	t.Helper()
	n := 0
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ext) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		n++
		check(name, string(text))
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files of %s: %v", n, ext, err)
	}
}

// TestHostile looks at every rendered page for text of strangers that became markup.
func TestHostile(t *testing.T) {
	marks := regexp.MustCompile(`<script>|<img|onerror=alert\(1\)>|(?:href|action|src)="\s*javascript:`)
	ids := regexp.MustCompile(`\sid="([^"]+)"`)
	for _, p := range renderAll(t) {
		if m := marks.FindString(p.html); m != "" {
			t.Errorf("%s: %q came through", p.name, m)
		}
		seen := map[string]bool{}
		for _, m := range ids.FindAllStringSubmatch(p.html, -1) {
			if seen[m[1]] {
				t.Errorf("%s: id %s stands twice", p.name, m[1])
			}
			seen[m[1]] = true
		}
		if !strings.HasSuffix(p.name, "rows") && !strings.HasPrefix(p.name, "peek") && strings.Count(p.html, "<h1") != 1 {
			t.Errorf("%s: a page has one heading of the first rank", p.name)
		}
	}
}

// TestKeys holds the table of keys and the scripts together.
func TestKeys(t *testing.T) {
	bound := map[string]bool{}
	eachFile(t, ".js", func(_, text string) {
		for _, m := range regexp.MustCompile(`\bon\('([a-z]+)'`).FindAllStringSubmatch(text, -1) {
			bound[m[1]] = true
		}
	})
	for _, name := range []string{"confirm", "dismiss", "snooze", "review", "reopen"} {
		bound[name] = true // bound in a loop by triage.js
	}
	for _, e := range (Frame{Nav: sampleFrame("", "").Nav}).NavEntries() {
		bound[e.ID] = true // the entry of the bar is pressed
	}
	taken := map[string]string{}
	for _, k := range Keys {
		if other, ok := taken[k.Key]; ok {
			t.Errorf("key %s is both %s and %s", k.Key, other, k.Name)
		}
		taken[k.Key] = k.Name
		if !bound[k.Name] && k.Name != "reveal" { // reveal comes with its page
			t.Errorf("key %s: no script does %s", k.Key, k.Name)
		}
	}
	for _, k := range (Frame{Role: "viewer"}).Keys() {
		if k.Name == "dismiss" || k.Name == "reveal" {
			t.Errorf("a viewer is told of %s", k.Name)
		}
	}
}

// TestStatic checks that pages, and modules among each other, ask for the version that is there.
func TestStatic(t *testing.T) {
	for name := range static() {
		body, kind, ok := Asset(name)
		if !ok || kind == "" || len(body) == 0 {
			t.Errorf("%s: %q, %d bytes", name, kind, len(body))
		}
		for _, m := range regexp.MustCompile(`(?:from|import) '([^']+)'`).FindAllStringSubmatch(string(body), -1) {
			file, ok := strings.CutSuffix(m[1], "?v="+Version())
			if _, there := static()[strings.TrimPrefix(file, "./")]; !ok || !there {
				t.Errorf("%s imports %s", name, m[1])
			}
		}
	}
	if _, _, ok := Asset("../templates.go"); ok {
		t.Error("only files under static are served")
	}
	if _, err := assetURL("none.css"); err == nil {
		t.Error("a page that names a file that is not there does not render")
	}
}
