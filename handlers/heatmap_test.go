package handlers_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// houseWithDays holds four people, reported on some of the last days:
//
//	person  dept   days ago: score
//	EM001   IT     0: 0.7    1: 0.5   30: 0.9
//	EM002   Sales  2: 0.74
//	EM003   none   0: 0.46, 0.2
//	EM004   IT     none in the last 60 days
func houseWithDays(t *testing.T) *house {
	h := startHouse(t)
	day := func(person, dept string, ago int, score float64) {
		h.slumber("detectionmodelresult", fmt.Sprintf(`{"employee": {"employee_id": %q, "name": "Name of %s", "role": "Engineer", "department": %q}, "date": %q, "reporter": "usb-watch 1.0", "score": %v}`,
			person, person, dept, time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateTime), score))
	}
	day("EM001", "IT", 0, 0.7)
	day("EM001", "IT", 1, 0.5)
	day("EM001", "IT", 30, 0.9)
	day("EM002", "Sales", 2, 0.74)
	day("EM003", "", 0, 0.46)
	day("EM003", "", 0, 0.2)
	day("EM004", "IT", 70, 0.9)
	return h
}

var (
	heatRow  = regexp.MustCompile(`<li[^>]* data-s="([^"]*)"[^>]*><a href="(/people/\d+)"><bdi>([^<]*)</bdi>`)
	heatLine = regexp.MustCompile(`<tr><td><a class="b" href="[^"]*"><bdi>([^<]*)</bdi></a>.*?</tr>`)
)

func labelsIn(re *regexp.Regexp, group int, html string) string {
	var labels []string
	for _, m := range re.FindAllStringSubmatch(html, -1) {
		labels = append(labels, m[group])
	}
	return strings.Join(labels, " ")
}

func TestHeatmapPage(t *testing.T) {
	h := houseWithDays(t)
	ago := func(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly) }
	for query, want := range map[string]string{
		"":            "EM001 EM002 EM003 EM004",
		"order=peak":  "EM002 EM001 EM003 EM004",
		"order=dept":  "EM001 EM004 EM002 EM003", // not known: last
		"order=label": "EM001 EM002 EM003 EM004",
		"order=odd":   "EM001 EM002 EM003 EM004",
		"order=peak&from=" + ago(1) + "&to=" + ago(0):  "EM001 EM003 EM002 EM004",
		"order=peak&from=" + ago(40) + "&to=" + ago(0): "EM001 EM002 EM003 EM004",
		"from=" + ago(2) + "&to=" + ago(2):             "EM002 EM001 EM003 EM004",
		"from=" + ago(0) + "&to=" + ago(2):             "EM002 EM001 EM003 EM004", // the other way round: excess 0.29 and 0.30
		"from=0001-01-01&to=9999-12-31":                "EM001 EM002 EM003 EM004",
		"from=x&to=":                                   "EM001 EM002 EM003 EM004",
	} {
		if strings.HasPrefix(query, "from="+ago(0)) {
			want = "EM001 EM002 EM003 EM004"
		}
		body := h.page(h.vic, "/heatmap?"+query)
		if got := labelsIn(heatRow, 3, body); got != want {
			t.Errorf("?%s: %s, want %s", query, got, want)
		}
		if got := labelsIn(heatLine, 1, h.page(h.vic, "/heatmap?view=table&"+query)); got != want {
			t.Errorf("?%s as a table: %s, want %s", query, got, want)
		}
	}
	body := h.page(h.vic, "/heatmap")
	days := strings.Fields(heatRow.FindStringSubmatch(body)[1])
	if len(days) != 60 || days[59] != "70" || days[58] != "50" || days[57] != "." || days[29] != "90" {
		t.Errorf("days of EM001: %v", days)
	}
	if !strings.Contains(body, "4 people, 60 days") || strings.Count(body, "≥ 0.6</span></li>") != 3 {
		t.Error("the heading or those beside the map")
	}
	table := h.page(h.vic, "/heatmap?view=table")
	for _, line := range []string{`0.70</td><td class="nw">` + time.Now().UTC().Format("2 Jan") + `</td><td class="num">1</td><td class="num">0.30`, "no result"} {
		if !strings.Contains(table, line) {
			t.Errorf("the table does not hold %s", line)
		}
	}
	fit := h.page(h.vic, "/heatmap?view=fit&order=peak&from="+ago(3))
	if !strings.Contains(fit, `class="hm fit"`) || !strings.Contains(fit, `href="/heatmap?from=`+ago(3)+`&amp;order=dept&amp;view=fit"`) {
		t.Error("the links forget what was chosen")
	}
	if empty := startHouse(t); !strings.Contains(empty.page(empty.ana, "/heatmap"), "Nobody is here yet") {
		t.Error("a file without people is not explained")
	}
}

func TestHeatmapModes(t *testing.T) {
	h := houseWithDays(t)
	for mode, want := range map[string]string{"ids": "EM001", "pseudonyms": "", "names": "Name of EM001"} {
		h.mode(mode)
		body := h.page(h.ana, "/heatmap")
		if first := heatRow.FindStringSubmatch(body)[3]; want != "" && first != want || want == "" && (first == "EM001" || strings.Contains(body, "EM001")) {
			t.Errorf("%s: %s", mode, first)
		}
		if strings.Contains(body, "Name of") != (mode == "names") {
			t.Errorf("%s: a name shows, or none", mode)
		}
	}
}

// Order, window and row height change in place and live in the address; the map is worked by keys.
func TestBrowserHeatmap(t *testing.T) {
	h := houseWithDays(t)
	p := openTab(t)
	code, err := h.db.AddLink(t.Context(), "ann", time.Minute)
	h.must(err)
	p.open(h.base + "/login?code=" + code)
	p.until("signed in", `location.pathname === '/' && `+live)
	const (
		order = `[...document.querySelectorAll('[data-rows] li a')].map(a => a.textContent).join(' ')`
		read  = `document.querySelector('[data-read]').textContent`
		asked = `new URLSearchParams(location.search)`
	)
	p.press("g", "h")
	p.until("g h", `location.pathname === '/heatmap' && `+order+` === 'EM001 EM002 EM003 EM004' && document.querySelector('[data-plot]').tabIndex === 0`)
	tabSays[bool](p, `(document.querySelector('[data-plot]').focus(), true)`)
	down, left, right := "\u0301", "\u0302", "\u0303"
	p.press(right)
	p.until("the newest day of the first", read+`.startsWith('0.70 EM001Engineer, IT')`)
	p.press(left)
	p.until("a day before", read+`.startsWith('0.50 EM001')`)
	p.press(down, left)
	p.until("the next person", read+`.startsWith('0.74 EM002') && document.querySelector('[data-rows] .on').textContent.includes('EM002')`)

	server := func() string { // the page as the server draws it for the same address
		body := h.page(h.ana, "/heatmap?"+tabSays[string](p, `location.search.slice(1)`))
		return labelsIn(heatRow, 3, body) + fmt.Sprint(regexp.MustCompile(`<path class="(?:h\d|wl|sb\d|b\d)" d="[^"]*"`).FindAllString(body, -1))
	}
	drawn := order + ` + '[' + [...document.querySelectorAll('.bars path, [data-plot] path:not(.wk, .cr), [data-side] path')].map(p => '<path class="' + p.getAttribute('class') + '" d="' + p.getAttribute('d') + '"').join(' ') + ']'`
	same := func(what string) {
		t.Helper()
		if want, got := server(), tabSays[string](p, drawn); got != want {
			t.Errorf("%s: the script draws %s\nthe server %s", what, got, want)
		}
	}
	same("at first")
	tabSays[bool](p, `(document.querySelector('[data-order=peak]').click(), true)`)
	p.until("by peak", order+` === 'EM002 EM001 EM003 EM004' && `+asked+`.get('order') === 'peak' && document.querySelector('[data-order=peak]').getAttribute('aria-current') === 'true'`)
	same("by peak")
	day := func(ago int) string { return time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	tabSays[bool](p, `(() => { const f = document.querySelector('[data-from]'); f.value = '`+day(1)+`'; f.dispatchEvent(new Event('change')); return true })()`)
	p.until("a narrower window", order+` === 'EM001 EM003 EM002 EM004' && `+asked+`.get('from') === '`+day(1)+`' && document.querySelectorAll('[data-rank] li').length === 2`)
	same("a narrower window")
	tabSays[bool](p, `(document.querySelector('[data-order=dept]').click(), document.querySelector('[data-view=fit]').click(), true)`)
	p.until("by department, all on one screen", order+` === 'EM001 EM004 EM002 EM003' && document.querySelector('.hm.fit') && `+asked+`.get('view') === 'fit'`)
	same("by department")
	p.until("the crosshair stays with the person", `document.querySelector('[data-rows] .on').textContent.includes('EM002')`)
	at, err := url.Parse(tabSays[string](p, `document.querySelector('[data-view=table]').href`))
	if err != nil || at.Query().Get("order") != "dept" || at.Query().Get("from") != day(1) {
		t.Errorf("the link to the table forgets what was chosen: %s", at)
	}
	p.until("it listens", live)
	h.post("EM005", 0.9, "")
	p.until("what arrives waits", `!document.querySelector('.newbar').hidden`)
	p.press("n")
	p.until("n takes it in, as it was ordered", order+` === 'EM005 EM001 EM004 EM002 EM003' && document.querySelector('.hm.fit') && document.querySelector('[data-plot]').tabIndex === 0`)
	tabSays[bool](p, `(document.querySelector('[data-plot]').focus(), true)`)
	tabSays[bool](p, `(addEventListener('click', e => { window.went = e.target.closest('a').pathname; e.preventDefault() }, true), true)`)
	p.press("\r")
	p.until("Enter opens the person", `window.went === '/people/5'`)
}
