package store

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestImport(t *testing.T) {
	const good = `{"resource":"employee","body":{"employee_id":"A"}}` + "\n" +
		`{"resource":"detectionmodelresult","key":"k1","body":{"employee":{"employee_id":"A"},"date":"2026-01-01","score":1}}` + "\n"
	for _, tt := range []struct {
		name, file           string
		o                    ImportOptions
		stored, known, wrong int
		employees            int
		err                  string
	}{
		{name: "good", file: good, stored: 2, employees: 1},
		{name: "the same line twice, CRLF, BOM, no last newline", file: "\xef\xbb\xbf" + strings.ReplaceAll(good+good, "\n", "\r\n") + "\n\n" + `{"resource":"employee","body":{"employee_id":"B"}}`, stored: 3, known: 2, employees: 2},
		{name: "dry run", file: good, o: ImportOptions{DryRun: true}, stored: 2},
		{name: "a wrong line", file: good + `{"resource":"employee","body":{}}` + "\n", wrong: 1, stored: 2, err: "f line 3, field employee_id: is required"},
		{name: "keep going", file: `{"resource":"employee","body":{}}` + "\n" + good + "x\n", o: ImportOptions{KeepGoing: true}, stored: 2, wrong: 2, employees: 1},
		{name: "keep going takes back what a wrong line began", file: `{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"Z"},"evidence":["/data-sub/api/detectionevidence/9/"],"date":"2026-01-01","score":1}}`, o: ImportOptions{KeepGoing: true}, wrong: 1},
		{
			name: "keep going joins what came before a wrong line", o: ImportOptions{KeepGoing: true}, stored: 4, wrong: 1, employees: 1,
			file: good + `{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"A"},"date":"2026-01-01","score":3}}` + "\n" +
				`{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"A"},"evidence":["/data-sub/api/detectionevidence/9/"],"date":"2026-01-01","score":1}}` + "\n" +
				`{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"A"},"date":"2026-01-02","score":2}}`,
		},
		{name: "unknown resource", file: `{"resource":"user","body":{}}`, wrong: 1, err: `no resource "user"`},
		{name: "too long a line", file: strings.Repeat("x", maxLine+1), err: "longer than 1 MiB"},
		{name: "compressed", file: "\x1f\x8b\x08", err: "compressed"},
		{name: "UTF-16", file: "\xff\xfe{\x00", err: "UTF-16"},
		{name: "latin-1", file: "{\"resource\":\"employee\",\"body\":{\"employee_id\":\"\xe9\"}}", wrong: 1, err: "UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t)
			tt.o.Name = "f"
			who := tester(t, db, Admin)
			rep, err := Import(t.Context(), db, who, strings.NewReader(tt.file), tt.o)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("err = %v; want %q", err, tt.err)
			}
			if rep.Stored != tt.stored || rep.Known != tt.known || rep.Wrong != tt.wrong {
				t.Errorf("report %+v; want %d stored, %d known, %d wrong", rep, tt.stored, tt.known, tt.wrong)
			}
			if n := count(t, db, `SELECT count(*) FROM employee`); n != tt.employees {
				t.Errorf("%d employees; want %d", n, tt.employees)
			}
			if wrong, err := VerifyAlerts(t.Context(), db); err != nil || len(wrong) > 0 {
				t.Error(err, wrong)
			}
			if tt.err == "" && !tt.o.DryRun {
				if again, err := Import(t.Context(), db, who, strings.NewReader(tt.file), tt.o); err != nil || again.Stored != 0 {
					t.Errorf("again: %+v, %v; want nothing stored", again, err)
				}
			}
		})
	}
}

// The demo ends now on whichever weekday and hour it is started.
func TestDemoEndsNow(t *testing.T) {
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for hour := 0; hour < 8*24; hour += 5 {
		now := time.Date(2027, 3, 7, 4, 13, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
		past, live := splitDemo(fixture, now)
		all := lineDate.FindAllSubmatch(past, -1)
		last, err := time.Parse(time.DateTime, string(all[len(all)-1][1]))
		if err != nil || now.Sub(last) > 2*time.Hour || last.After(now) {
			t.Errorf("started %s: the newest result is of %s, %v", now.Format("Mon 15:04"), last, err)
		}
		if len(live) < 100 {
			t.Errorf("started %s: %d results are still to come", now.Format("Mon 15:04"), len(live))
		}
	}
}

func TestLoadDemo(t *testing.T) {
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	db := openTest(t)
	who := tester(t, db, Admin)
	d, err := LoadDemo(t.Context(), db, who, fixture)
	if err != nil {
		t.Fatal(err)
	}
	if d.Employees != 200 || d.Results < 1510+1 {
		t.Errorf("loaded %+v", d)
	}
	if story := count(t, db, `SELECT count(*) FROM detectionmodelresult WHERE date < (SELECT min(date) + 60*86400000000 - (min(date) % 86400000000) FROM detectionmodelresult)`); story != 1510 {
		t.Errorf("%d results in the 60 days of the story; want 1510, retries left out", story)
	}
	if ok, err := d.Next(t.Context(), db, who); !ok || err != nil {
		t.Error(ok, err)
	}
	if n := count(t, db, `SELECT count(*) FROM detectionmodelresult`); n != d.Results+1 {
		t.Errorf("%d results after the next; want %d", n, d.Results+1)
	}
}

// A line is taken apart or refused as wrong.
func FuzzImportLine(f *testing.F) {
	f.Add([]byte(`{"resource":"employee","key":"k","body":{"employee_id":"A"}}`))
	f.Add([]byte(`{"resource":"decision","body":{"employee":{"employee_id":"A"},"action":"dismiss","reason":1}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		v, err := parseJSON(line)
		if err != nil {
			return
		}
		if _, _, body, err := envelope(&v, ""); err != nil && AsError(err).Kind != Invalid || err == nil && body == nil {
			t.Errorf("envelope(%q) = %v, %v", line, body, err)
		}
	})
}

// A list is read to its end or refused as wrong, with the same items as the strict parser sees.
func FuzzEachObject(f *testing.F) {
	f.Add([]byte(`{"objects":[{"a":1},{}],"deleted_objects":["x"]}`))
	f.Add([]byte(`{"x":{"objects":[1]},"objects":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		_, err := eachObject(iotest.OneByteReader(bytes.NewReader(body)), func(*jsonValue) error { n++; return nil })
		v, wrong := parseJSON(body)
		if err != nil {
			if AsError(err).Kind != Invalid {
				t.Errorf("eachObject(%q) = %v, not Invalid", body, err)
			}
			return
		}
		list, ok := v.get("objects")
		if wrong != nil || !ok || len(list.list) != n {
			t.Errorf("eachObject(%q) gave %d items; parseJSON %v, %v", body, n, v, wrong)
		}
	})
}
