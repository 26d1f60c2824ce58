package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"citd/store"
)

// secure sets the headers that every answer carries. Pages may load and run our
// own files only; what the API answers is data, even where a browser shows it.
func secure(h http.Header, api, tls bool) {
	csp := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types citd"
	if api {
		csp = "default-src 'none'; sandbox"
	}
	h.Set("Content-Security-Policy", csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "")
	h.Set("X-Frame-Options", "DENY")
	if tls {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// guard turns away what a foreign web page can make a browser send. It comes
// before the login, since browsers add logins by themselves.
func (s *server) guard(r *http.Request) error {
	if len(r.RequestURI) > maxURL {
		return &wireError{http.StatusRequestURITooLong, "the address is longer than 16 KiB"}
	}
	if name, ok := hostName(r.Host); !ok || !s.hosts[name] {
		return &wireError{http.StatusMisdirectedRequest, "this server does not go by that name; use http://127.0.0.1 with its port, or start it with --allow-host NAME"}
	}
	if !sameSite(r) {
		return store.Errorf(store.Forbidden, "a page of another site asked for this; citd answers its own pages and programs only")
	}
	return nil
}

// hostSet returns the names under which the server answers.
func hostSet(more []string) map[string]bool {
	set := map[string]bool{"localhost": true, "127.0.0.1": true, "[::1]": true}
	for _, h := range more {
		if name, ok := hostName(h); ok {
			set[name] = true
		}
	}
	return set
}

// hostName is a Host header without its port, in lower case. Any port passes:
// tunnels and containers change it.
func hostName(host string) (name string, ok bool) {
	name = host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		if _, err := strconv.ParseUint(host[i+1:], 10, 16); err != nil {
			return "", false
		}
		name = host[:i]
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name, name != ""
}

// sameSite reports whether r comes from one of our own pages, from a program,
// or from somebody who follows a link to a page.
func sameSite(r *http.Request) bool {
	if r.Method == http.MethodOptions || r.URL.Path == "/healthz" {
		return true // tells nothing, changes nothing
	}
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	// Our own forms send the Origin null, since pages carry Referrer-Policy: no-referrer.
	if origin != "" && (origin != "null" || site == "") {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	if (&http.CrossOriginProtection{}).Check(r) != nil {
		return false
	}
	h := r.Header
	link := r.Method == http.MethodGet && !isAPI(r) && h.Get("Sec-Fetch-Mode") == "navigate" &&
		h.Get("Sec-Fetch-Dest") == "document" && h.Get("Sec-Purpose") == ""
	return site == "" || site == "same-origin" || site == "none" || link
}
