package main

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Each module that go.mod names has its reason in README, none needs a C compiler, and libc is
// the one that SQLite was translated for: it works with no other.
func TestModules(t *testing.T) {
	t.Parallel()
	read := func(file string) string {
		text, err := os.ReadFile(file)
		must(t, err)
		return string(text)
	}
	readme := read("README.md")
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read("go.mod"), -1)
	for _, m := range direct {
		if !strings.Contains(readme, "["+strings.TrimPrefix(m[1], "golang.org/")+"](") && !strings.Contains(readme, "["+path.Base(m[1])+"](") {
			t.Errorf("README does not say what %s is for", m[1])
		}
	}
	tell := func(env string, args ...string) string {
		c := exec.Command("go", args...)
		c.Env = append(os.Environ(), env)
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if c := tell("CGO_ENABLED=1", "list", "-deps", "-f", "{{if and (not .Standard) .CgoFiles}}{{.ImportPath}}{{end}}", "."); c != "" {
		t.Errorf("written in C: %s", c)
	}
	pinned := read(tell("", "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite"))
	if libc := tell("", "list", "-m", "modernc.org/libc"); !strings.Contains(pinned, "\t"+libc+"\n") {
		t.Errorf("SQLite was not translated for %s", libc)
	}
	t.Logf("%d modules named in go.mod", len(direct))
}
