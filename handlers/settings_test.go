package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"citd/store"
)

// Every change of the settings: who may make it, what it answers, and how many
// rows it leaves on record.
func TestSettings(t *testing.T) {
	h := startHouse(t)
	h.post("SW001", 40, "")
	for _, tt := range []struct {
		name, path, form string
		by               *http.Client
		code             int
		want             string // in the address after, or on the page
		rows             int64
	}{
		{"add a person", "people", "do=add name=eve role=viewer", h.alice, 200, "/login?code=", 1},
		{"the same again", "people", "do=add name=eve role=viewer", h.alice, 409, `There is a person &#34;eve&#34; already.`, 0},
		{"a name that breaks Basic", "people", "do=add name=e:v role=viewer", h.alice, 400, "without a colon", 0},
		{"a person with a token's role", "people", "do=add name=eva role=script", h.alice, 400, "it is one of admin, analyst or viewer.", 0},
		{"a role", "people", "do=role name=eve role=analyst", h.alice, 303, "/settings?done=role#people", 1},
		{"no role", "people", "do=role name=eve role=lord", h.alice, 400, "has no role", 0},
		{"the only admin lowers herself", "people", "do=role name=alice role=viewer", h.alice, 409, "is the only admin", 0},
		{"lock", "people", "do=lock name=eve", h.alice, 303, "done=lock", 1},
		{"no link for who is locked", "people", "do=reset name=eve", h.alice, 404, "who may sign in", 0},
		{"unlock", "people", "do=unlock name=eve", h.alice, 303, "done=unlock", 1},
		{"a new link", "people", "do=reset name=eve", h.alice, 200, "/login?code=", 1},
		{"nobody", "people", "do=lock name=nobody", h.alice, 404, "There is no person", 0},
		{"nothing said", "people", "", h.alice, 400, "Say what to change.", 0},

		{"a token", "tokens", "do=add name=usb role=ingest days=30", h.alice, 200, "citd_in_", 1},
		{"a token without end", "tokens", "do=add name=log role=script days=", h.alice, 200, "citd_sc_", 1},
		{"days", "tokens", "do=add name=x role=ingest days=-1", h.alice, 400, "The days are a number", 0},
		{"a token with a person's role", "tokens", "do=add name=x role=admin", h.alice, 400, "it is one of script or ingest.", 0},
		{"revoke", "tokens", "do=revoke name=usb", h.alice, 303, "done=revoke", 1},

		{"display", "display", "mode=names", h.alice, 303, "done=display", 1},
		{"display, as it is", "display", "mode=names", h.alice, 303, "done=display", 0},
		{"no such display", "display", "mode=faces", h.alice, 400, "Choose how", 0},
		{"floor", "floor", "floor=0.25", h.alice, 303, "done=floor", 1},
		{"no floor", "floor", "floor=", h.alice, 303, "done=floor", 1},
		{"floor that is no number", "floor", "floor=NaN", h.alice, 400, "The floor is a number", 0},

		{"zone", "zone", "zone=Asia/Kolkata", h.alice, 303, "done=zone", 1},
		{"no zone", "zone", "zone=", h.alice, 303, "done=zone", 1},
		{"a zone that is a file", "zone", "zone=../../etc/passwd", h.alice, 400, "knows no such zone", 0},
		{"a zone of nowhere", "zone", "zone=Nowhere/Land", h.alice, 400, "knows no such zone", 0},
		{"the machine's zone", "zone", "zone=Local", h.alice, 400, "knows no such zone", 0},
		{"an analyst sets the zone", "zone", "zone=UTC", h.ana, 403, "role analyst", 0},
		{"scale", "scale", "model=usb-watch_1.0 scale=50", h.alice, 303, "done=scale", 1},
		{"scale of nothing", "scale", "model=x scale=50", h.alice, 404, "There is no model", 0},
		{"scale 0", "scale", "model=usb-watch_1.0 scale=0", h.alice, 400, "A scale is a number above 0", 0},
		{"scale NaN", "scale", "model=usb-watch_1.0 scale=NaN", h.alice, 400, "A scale is a number above 0", 0},

		{"one's first password", "password", "password=" + testPassword, h.ana, 303, "done=password", 1},
		{"a wrong one now", "password", "now=guess password=" + testPassword + "2", h.ana, 400, "The password now is another one.", 1}, // the guess
		{"a short one", "password", "now=" + testPassword + " password=short", h.ana, 400, "A password has 8 to 1024 bytes.", 0},
		{"another one", "password", "now=" + testPassword + " password=" + testPassword + "2", h.ana, 303, "done=password", 1},
		{"no session", "session", "id=zz", h.ana, 400, "There is no such session.", 0},

		{"an analyst adds people", "people", "do=add name=mal role=admin", h.ana, 403, "role analyst", 0},
		{"a viewer makes tokens", "tokens", "do=add name=mal role=script", h.vic, 403, "role viewer", 0},
		{"an analyst shows names", "display", "mode=names", h.ana, 403, "role analyst", 0},
	} {
		before, err := h.db.VerifyAudit(t.Context())
		h.must(err)
		var pairs []string
		for f := range strings.FieldsSeq(tt.form) {
			k, v, _ := strings.Cut(f, "=")
			pairs = append(pairs, k, strings.ReplaceAll(v, "_", " "))
		}
		code, to, body := h.form(tt.by, "/settings/"+tt.path, false, pairs...)
		if code != tt.code || !strings.Contains(to+body, tt.want) {
			t.Errorf("%s = %d to %q; want %d with %q\n%s", tt.name, code, to, tt.code, tt.want, body)
		}
		after, err := h.db.VerifyAudit(t.Context())
		h.must(err)
		if got := after.Seq - before.Seq; got != tt.rows {
			t.Errorf("%s leaves %d rows on record; want %d", tt.name, got, tt.rows)
		}
	}
}

// What an analyst finds on the page is her own.
func TestSettingsOfOthersAreNotShown(t *testing.T) {
	h := startHouse(t)
	for _, tt := range []struct {
		by    *http.Client
		admin bool
	}{{h.alice, true}, {h.ana, false}, {h.vic, false}} {
		body := h.page(tt.by, "/settings")
		for _, part := range []string{`id="me"`, `id="looks"`, "this browser"} {
			if !strings.Contains(body, part) {
				t.Errorf("%q is missing", part)
			}
		}
		for _, part := range []string{`id="people"`, `id="tokens"`, `id="privacy"`, "detector", `id="backup"`, `href="/settings#privacy"`} {
			if strings.Contains(body, part) != tt.admin {
				t.Errorf("%q is shown: %v; want %v", part, !tt.admin, tt.admin)
			}
		}
	}
}

// One's other browser is signed out by the list; nobody else's is.
func TestEndSession(t *testing.T) {
	h := startHouse(t)
	other := h.browser("ana")
	ids := regexp.MustCompile(`name="id" value="([0-9a-f]{64})"`).FindStringSubmatch(h.page(h.ana, "/settings"))
	if ids == nil {
		t.Fatal("the other browser is not listed")
	}
	_, _, _ = h.form(h.vic, "/settings/session", false, "id", ids[1])
	if code, _ := h.get(other, "/settings"); code != 200 {
		t.Errorf("vic signs ana out: %d", code)
	}
	_, _, _ = h.form(h.ana, "/settings/session", false, "id", ids[1])
	if code, _ := h.get(other, "/settings"); code != 303 {
		t.Errorf("the other browser is still signed in: %d", code)
	}
	if code, _ := h.get(h.ana, "/settings"); code != 200 {
		t.Errorf("this browser is signed out: %d", code)
	}
}

// A link that an admin makes ends the password, signs in once, and asks for a new password.
func TestResetByLink(t *testing.T) {
	h := startHouse(t)
	_, _, body := h.form(h.alice, "/settings/people", false, "do", "reset", "name", "vic")
	link := regexp.MustCompile(`http://127\.0\.0\.1:\d+/login\?code=([\w-]+)`).FindStringSubmatch(body)
	if link == nil {
		t.Fatal(body)
	}
	if code, _ := h.get(h.vic, "/settings"); code != 303 {
		t.Errorf("vic is still signed in: %d", code)
	}
	if _, err := h.db.Authenticate(t.Context(), "vic", testPassword); err == nil {
		t.Error("the old password is still good")
	}
	jar := h.browser("vic") // a browser, whose session is replaced
	if code, to, _ := h.form(jar, "/login", false, "code", link[1]); code != 303 || to != "/welcome" {
		t.Errorf("the link: %d to %s", code, to)
	}
}

// A scale ranks a model's alerts anew, also those that are decided, and nothing
// in the file contradicts it.
func TestScaleRanksAnew(t *testing.T) {
	h := startHouse(t)
	h.post("BIG01", 40, `, "email_anomaly": 30`)
	h.slumber("detectionmodelresult", `{"employee": {"employee_id": "SML01"}, "date": "`+time.Now().UTC().Format(time.DateTime)+`", "reporter": "mail 2.0", "score": 0.9}`)
	h.post("BIG02", 30, "")
	if _, _, body := h.form(h.ana, "/alerts/3/decide", true, "action", "confirm", "seen", "0"); !strings.Contains(body, "confirmed") {
		t.Fatal(body)
	}
	first := func() string {
		return regexp.MustCompile(`tr [^>]*data-id="(\d+)"`).FindStringSubmatch(h.page(h.ana, "/"))[1]
	}
	if got := first(); got != "1" {
		t.Fatalf("alert %s is first", got)
	}
	page := h.page(h.alice, "/settings")
	if !strings.Contains(page, "It posts higher scores: 50 would hold all of them.") {
		t.Errorf("no scale is suggested: %s", page)
	}
	if code, _, body := h.form(h.alice, "/settings/scale", false, "model", "usb-watch 1.0", "scale", "50"); code != 303 {
		t.Fatal(body)
	}
	if got := first(); got != "2" {
		t.Errorf("alert %s is first after the scale; want 2", got)
	}
	if diff, err := store.VerifyAlerts(t.Context(), h.db); err != nil || len(diff) > 0 {
		t.Error(err, diff)
	}
	if page := h.page(h.alice, "/settings"); strings.Contains(page, "It posts higher scores") {
		t.Error("a scale is still suggested")
	}
}
