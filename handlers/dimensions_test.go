package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	combs  = regexp.MustCompile(`(?s)<svg class="glyph(?:-l)?"[^>]*aria-label="([^"]*)">(.*?)</svg>`)
	heats  = regexp.MustCompile(`class="g-([lmhn])"|class="g-(non)"`)
	strips = regexp.MustCompile(`<div class="n"><b>(\w+)</b>.*?<div class="v"><b class="(\w*)">([0-9.–]+)</b>`)
)

// combOf is the first comb of a page: its name, and the heat of each tooth.
func combOf(html string) string {
	m := combs.FindStringSubmatch(html)
	if m == nil {
		return "no comb"
	}
	var heat strings.Builder
	for _, t := range heats.FindAllStringSubmatch(m[2], -1) {
		heat.WriteString(strings.TrimSuffix(t[1]+t[2], "on"))
	}
	return m[1] + " " + heat.String()
}

// What is set of dimensions is seen on every page that draws them: their order,
// from where on they are hot, and what is full height. Numbers stay as posted.
func TestDimensionsOnPages(t *testing.T) {
	h := startHouse(t)
	h.post("EM001", 0.5, `, "email_anomaly": 0.5, "web_anomaly": 0.3, "login_anomaly": 0.8, "file_anomaly": 0.6, "print_anomaly": 0.1`)
	pages := []string{"/", "/?ids=1", "/alerts/1", "/alerts/1?peek", "/alerts/1?row", "/people", "/people/1", "/explore", "/explore/rows"}
	results := map[string]string{"/alerts/1": `aria-label="Results"`, "/people/1": "<h2>Results</h2>"}
	seen := func(when, want, strip, order, hot string) {
		t.Helper()
		for _, path := range pages {
			body := h.page(h.alice, path)
			if got := combOf(body); got != want {
				t.Errorf("%s, %s: %s; want %s", when, path, got, want)
			}
			if _, rest, ok := strings.Cut(body, results[path]); results[path] != "" && ok && combOf(rest) != want {
				t.Errorf("%s, results of %s: %s", when, path, combOf(rest))
			}
		}
		var got []string
		for _, m := range strips.FindAllStringSubmatch(h.page(h.alice, "/people/1"), -1) {
			got = append(got, m[1]+" "+m[3]+m[2])
		}
		if s := strings.Join(got, ", "); s != strip {
			t.Errorf("%s, strips: %s; want %s", when, s, strip)
		}
		var keys, levels []string
		_, columns := h.columns(h.alice, "/explore.json")
		for _, a := range columns.Axes {
			if a.Type == "num" {
				keys, levels = append(keys, a.K), append(levels, strconv.Itoa(a.Hot))
			}
		}
		if strings.Join(keys, " ") != order || strings.Join(levels, " ") != hot {
			t.Errorf("%s, axes: %s %s; want %s %s", when, keys, levels, order, hot)
		}
	}
	seen("unasked", "Email 0.50, Web 0.30, Device not reported, Login 0.80, File 0.60 mlnhm",
		"Score 0.50m, Email 0.50m, Web 0.30l, Device –, Login 0.80h, File 0.60m, Print 0.10l", "email web device login file print score", "70 70 70 70 70 70 70")

	set := func(form url.Values, code int, want string) {
		t.Helper()
		var pairs []string
		for _, k := range []string{"name", "place", "letter", "full", "middle", "high"} {
			for _, v := range form[k] {
				pairs = append(pairs, k, v)
			}
		}
		got, to, body := h.form(h.alice, "/settings/dimensions", false, pairs...)
		if got != code || !strings.Contains(to+body, want) {
			t.Fatalf("%d %s; want %d with %q\n%s", got, to, code, want, body)
		}
	}
	form := url.Values{
		"name": {"email_anomaly", "web_anomaly", "device_anomaly", "login_anomaly", "file_anomaly", "print_anomaly"},
		// Print goes before the first, Email behind the second.
		"place": {"2", "2", "3", "4", "5", "1"}, "letter": {"Em", "W", "D", "L", "F", "P"},
		"full": {"1", "0.3", "1", "10", "1", "1"}, "middle": {"0.2", "0.4", "0.4", "0.4", "0.4", "0.05"}, "high": {"0.5", "0.7", "0.7", "0.7", "0.7", "0.1"},
	}
	bad := url.Values{}
	for k, v := range form {
		bad[k] = slices.Clone(v)
	}
	bad["middle"][0], bad["letter"][1] = "0.6", "Q"
	set(bad, http.StatusBadRequest, "Email: middle begins below high, but 0.6 is not below 0.5.")
	if _, _, body := h.form(h.alice, "/settings/dimensions", false, "name", "email_anomaly", "place", "1", "letter", "Q", "full", "much", "middle", "0.1", "high", "0.2"); !strings.Contains(body, `Email: &#34;much&#34; is no number.`) || !strings.Contains(body, `value="Q"`) {
		t.Error("what was typed is lost:", body)
	}
	set(form, http.StatusSeeOther, "/settings?done=dimensions#dimensions")
	// Print and the three that follow have a tooth of their own; of Login (0.08 of its full value) and File, the fifth is File.
	seen("set", "Print 0.10, Web 0.30, Email 0.50, Device not reported, File 0.60 hhhnm",
		"Score 0.50m, Print 0.10h, Web 0.30h, Email 0.50h, Device –, Login 0.80l, File 0.60m", "print web email device login file score", "10 70 50 70 70 70 70")
	if body := h.page(h.alice, "/"); !strings.Contains(body, `<abbr title="Print, Web, Email, Device, Login, File">PWEmD &#43;</abbr>`) {
		t.Error("the head of the combs does not follow")
	}
	if body := h.page(h.alice, "/alerts/1"); !strings.Contains(tags.ReplaceAllString(body, ""), "Web 0.30, Email 0.50 and Print 0.10 stand out") {
		t.Error("the sentence does not follow")
	}
	if body := h.page(h.alice, "/activity"); !strings.Contains(body, "1. print_anomaly P 1 0.05 0.1") {
		t.Error("it is not on record")
	}
	if body := h.page(h.alice, "/?q=login>0.7"); strings.Contains(body, `href="/alerts/1`) {
		t.Error("the filter does not count over the full value")
	}
	if code, _, _ := h.form(h.ana, "/settings/dimensions", false, "name", "web_anomaly"); code != http.StatusForbidden {
		t.Errorf("an analyst sets it: %d", code)
	}
}
