// Command demo writes testdata/demo.ndjson, the fixture behind "citd demo": Halden & Co, 200 invented people watched for
// ten weeks. Run it from the top of the repository:
//
//	go run ./testdata/demo | tee testdata/demo.ndjson | gzip -9n > testdata/demo.ndjson.gz
//
// # Form
//
// One JSON object a line, in the order of time, people first:
//
//	{"resource":"employee","body":{"employee_id":"LK001",...}}
//	{"resource":"employeeevent","body":{"employee":{"employee_id":"LK001"},"kind":"left","at":"2026-04-23 09:00:00",...}}
//	{"resource":"detectionmodelresult","key":"demo-0042","body":{"employee":{"employee_id":"LK001"},"date":...,"evidence":[{...}],...}}
//	{"resource":"decision","body":{"employee":{"employee_id":"KA001"},"at":...,"action":"confirm","note":...,"analyst":"rowan"}}
//
// The body of the first three is what POST /data-sub/api/RESOURCE/ takes: people are named by employee_id and evidence is
// nested, so that no line relies on an id. key is the post's Idempotency-Key. 33 posts are sent twice, as a client does
// whose connection broke: the copy is the same line, byte for byte. Whoever stores the lines without minding key (or the
// sameness of lines) counts those 33 results twice.
//
// A decision names its alert by person and time: the one of that employee that holds the newest result when the line is
// reached; it is undecided then. action is confirm or dismiss, reason the digit of a dismissal (0 = investigated and cleared), absent with
// confirm; lines that share a batch were one bulk decision.
//
// # Time
//
// Day 0 is Monday 2 March 2026. Days 0 to 59 tell the story and have fixed counts (main_test.go); days 60 to 73 are
// ordinary and exist to be cut. Every date to be shifted, and nothing else, reads "2026-MM-DD at the start of a JSON
// string. To let the fixture end now: shift all of them by the whole number of weeks that puts now into the seven days
// from Friday 1 May 2026, 02:00 UTC; store the lines up to now; the lines after it are the ones that arrive while one
// watches, at any pace. Weekdays stay weekdays, and at each moment of that week the newest result is less than two hours
// old. Texts from day 60 on name no clock time, so that an arriving line may be given the present moment as its date.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// day0 is the first day of the story, a Monday.
var day0 = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const (
	storyDays = 60 // days 0-59: the story, with fixed counts
	allDays   = 74 // days 60-73: ordinary days
)

// line is one line of the file; at orders it.
type line struct {
	at       time.Time
	Resource string `json:"resource"`
	Key      string `json:"key,omitempty"`
	Body     any    `json:"body"`
}

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// write puts the whole fixture on w.
func write(w io.Writer) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for _, l := range fixture() {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return buf.Flush()
}

// fixture is every line in the order of the file.
func fixture() []line {
	staff := people()
	results := append(story(staff), ordinary(staff)...)
	slices.SortStableFunc(results, func(a, b result) int { return a.at.Compare(b.at) })

	var lines []line
	for _, p := range staff {
		lines = append(lines, line{Resource: "employee", Body: p.employeeBody})
	}
	dated := append(eventLines(staff), resultLines(results)...)
	dated = append(dated, decisionLines(staff, results)...)
	slices.SortStableFunc(dated, func(a, b line) int { return a.at.Compare(b.at) })
	return append(lines, dated...)
}

// moment is hour:minute on a day of the story.
func moment(day, hour, minute int) time.Time {
	return day0.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// stamp is a time as a Python script of 2014 posts it: str(datetime).
func stamp(t time.Time) string { return t.Format(time.DateTime) }

func weekend(day int) bool { return day%7 >= 5 }
