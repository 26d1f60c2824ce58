package store

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// What is exported and imported into an empty file gives an equal export.
func TestExportRoundTrip(t *testing.T) {
	fixture, err := os.ReadFile("../testdata/demo.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	past, _ := splitDemo(fixture, time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC))
	from := openTest(t)
	who := tester(t, from, Admin)
	if _, err := Import(t.Context(), from, who, bytes.NewReader(past), ImportOptions{Name: "demo"}); err != nil {
		t.Fatal(err)
	}
	mustPost(t, from, who, Results, `{"employee": {"employee_id": "=1+1", "name": "a\"b,\nc", "homeAddress": {"city": "-x"}}, "date": "2014-09-17 10:11:12.5",
		"score": -3e-7, "file_anomaly": 0.25, "contributions": [{"name": "n", "weight": 1.0}], "evidence": [{"description": "@sum", "date_from": "2014-01-01", "date_to": "2014-01-02T00:00:00.000001"}]}`)
	if _, _, err := Apply(t.Context(), from, who, func(b *Batch) (int, error) { return 0, b.Delete(Evidences, 3) }); err != nil { // ids with a gap
		t.Fatal(err)
	}
	export := func(db *DB, o ExportOptions) string {
		t.Helper()
		var b bytes.Buffer
		if err := Export(t.Context(), db, &b, o); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := export(from, ExportOptions{})
	for name, csv := range map[string]bool{"ndjson": false, "csv": true} {
		t.Run(name, func(t *testing.T) {
			to := openTest(t)
			who := tester(t, to, Admin)
			files := []ExportOptions{{}}
			if csv {
				files = nil
				for _, r := range Resources {
					files = append(files, ExportOptions{Resource: r, CSV: true})
				}
			}
			for _, o := range files {
				rep, err := Import(t.Context(), to, who, bytes.NewReader([]byte(export(from, o))), ImportOptions{Name: name, CSV: csvOf(o)})
				if err != nil || rep.Wrong > 0 {
					t.Fatal(err, rep.Bad)
				}
			}
			if got := export(to, ExportOptions{}); got != want {
				t.Errorf("the export of the import differs: %s", firstDifference(got, want))
			}
			if report, err := VerifyAlerts(t.Context(), to); err != nil || len(report) > 0 {
				t.Errorf("alerts: %v, %v", report, err)
			}
		})
	}
}

func csvOf(o ExportOptions) *Resource {
	if o.CSV {
		return o.Resource
	}
	return nil
}

func firstDifference(a, b string) string {
	x, y := bytes.Split([]byte(a), []byte("\n")), bytes.Split([]byte(b), []byte("\n"))
	for i := range min(len(x), len(y)) {
		if !bytes.Equal(x[i], y[i]) {
			return string(x[i]) + "\nwant " + string(y[i])
		}
	}
	return "length"
}
