package main

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Nothing in the program's own sources can open a connection, send mail or start
// another program; http is there to serve only.
func TestNothingDialsOut(t *testing.T) {
	never := map[string][]string{
		"net": {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer", "LookupHost", "LookupAddr", "LookupIP", "Resolver"},
		"net/http": {
			"Get", "Post", "PostForm", "Head", "Client", "DefaultClient", "Transport", "DefaultTransport", "NewRequest", "NewRequestWithContext",
			"ProxyFromEnvironment",
		},
		"crypto/tls": {"Dial", "DialWithDialer", "Dialer", "Client"},
	}
	banned := []string{"net/smtp", "net/rpc", "os/exec", "plugin", "net/http/httputil", "net/http/pprof", "expvar", "log/syslog"}
	files := 0
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		for _, im := range f.Imports {
			name := strings.Trim(im.Path.Value, `"`)
			if slices.Contains(banned, name) {
				t.Errorf("%s imports %s", path, name)
			}
			if im.Name != nil && never[name] != nil {
				t.Errorf("%s renames %s, so that this test cannot see what it calls", path, name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			for from, names := range never {
				if ok && pkg.Name == from[strings.LastIndexByte(from, '/')+1:] && slices.Contains(names, sel.Sel.Name) {
					t.Errorf("%s calls %s.%s", set.Position(n.Pos()), pkg.Name, sel.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 50 {
		t.Fatalf("%d files were read: %v", files, err)
	}
}

// Where the system can trace, commands and a server that is visited and stopped connect to nothing.
func TestNoConnectionIsMade(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not there; TestNothingDialsOut looks at the sources")
	}
	s := newShell(t)
	for _, call := range []string{"init --user ana", "login-link", "token add feed", "backup copy.db", "verify", "serve --addr 127.0.0.1:0"} {
		cmd := s.command(strings.Fields(call)...)
		cmd.Args = append([]string{strace, "-f", "-qq", "-e", "trace=connect", "-o", s.path("trace"), "--", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = strace
		said, err := cmd.StderrPipe()
		must(t, err)
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		var all strings.Builder
		for in := bufio.NewScanner(said); in.Scan(); {
			all.WriteString(in.Text() + "\n")
			if strings.HasPrefix(in.Text(), "ready in") {
				visit(t, all.String())
			}
		}
		if err := cmd.Wait(); err != nil {
			if strings.Contains(strings.ToLower(all.String()), "ptrace") {
				t.Skip("tracing is not allowed here")
			}
			t.Fatalf("citd %s: %v %s", call, err, all.String())
		}
		b, err := os.ReadFile(s.path("trace"))
		must(t, err)
		if m := regexp.MustCompile(`(?m)^.*AF_INET.*$`).Find(b); m != nil {
			t.Errorf("citd %s connects: %s", call, m)
		}
	}
}

// visit opens a page of the server that said what it is, and stops it.
func visit(t *testing.T, greeting string) {
	url := regexp.MustCompile(`http://[^/\s]+`).FindString(greeting)
	pid, err := strconv.Atoi(regexp.MustCompile(`pid (\d+)`).FindStringSubmatch(greeting)[1])
	must(t, err)
	res, err := http.Get(url + "/login")
	must(t, err)
	_ = res.Body.Close()
	p, err := os.FindProcess(pid)
	must(t, err)
	must(t, p.Signal(os.Interrupt))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
