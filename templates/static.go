package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"sync"
)

// static holds the files under static/ as they are served, from the first time that one is.
var static = sync.OnceValue(loadStatic)

// version names the state of all static files: it changes when any of them does.
var version = staticVersion()

// imports finds the imports of a module, which carry no version in the source.
var imports = regexp.MustCompile(`(from|import) '\./([a-z]+\.js)'`)

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",

	".json": "application/speculationrules+json", // what a browser may fetch ahead
}

// Asset returns the static file of that name ("app.css") and its content type. Its URL in pages is
// /static/NAME?v=Version(): an answer to that very version may be cached for ever.
func Asset(name string) (body []byte, contentType string, ok bool) {
	body, ok = static()[name]
	return body, contentTypes[path.Ext(name)], ok
}

// Version is the value of v in the URLs of static files.
func Version() string { return version }

// NextRules is the URL of the rules by which a browser fetches the next alert ahead.
func NextRules() string { return "/static/next.json?v=" + version }

func assetURL(name string) (string, error) {
	if _, ok := static()[name]; !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return "/static/" + name + "?v=" + version, nil
}

func staticVersion() string {
	h := sha256.New()
	for _, e := range must(files.ReadDir("static")) {
		h.Write(must(files.ReadFile("static/" + e.Name())))
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// loadStatic writes the version into the imports of modules: without it a browser would keep an
// old module beside a new one, or load the same one twice.
func loadStatic() map[string][]byte {
	m := map[string][]byte{}
	for _, e := range must(files.ReadDir("static")) {
		if contentTypes[path.Ext(e.Name())] == "" {
			panic("templates: no content type for static/" + e.Name())
		}
		m[e.Name()] = imports.ReplaceAll(must(files.ReadFile("static/"+e.Name())), []byte("$1 './$2?v="+version+"'"))
	}
	return m
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
