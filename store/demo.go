package store

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"time"
)

// The demo's fixture ends by being cut: its dates are shifted by the weeks that
// put now into the seven days from demoBase (testdata/demo says why).
var (
	demoBase = time.Date(2026, 5, 1, 2, 0, 0, 0, time.UTC)
	demoDate = regexp.MustCompile(`"2026-\d\d-\d\d`)
	lineDate = regexp.MustCompile(`"(?:date|at)":"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"`)
	anyTime  = regexp.MustCompile(`"(date|date_from|date_to)":"[^"]*"`)
)

// Demo is the invented organisation, loaded up to now.
type Demo struct {
	Employees, Results, Alerts int

	live [][]byte // lines that are still to come
}

// LoadDemo fills an empty file from the fixture, shifted to end now.
func LoadDemo(ctx context.Context, db *DB, who Actor, fixture []byte) (*Demo, error) {
	now := time.UnixMicro(db.Now()).UTC()
	past, live := splitDemo(fixture, now)
	rep, err := Import(ctx, db, who, bytes.NewReader(past), ImportOptions{Name: "demo.ndjson"})
	if err != nil {
		return nil, err
	}
	if rep.Stored == 0 {
		return nil, Errorf(Internal, "the demo's fixture holds nothing up to now")
	}
	d := &Demo{live: live}
	err = db.r.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM employee), (SELECT count(*) FROM detectionmodelresult), (SELECT count(*) FROM alert)`).
		Scan(&d.Employees, &d.Results, &d.Alerts)
	return d, err
}

// splitDemo shifts all dates of the fixture and returns the lines up to now, and
// the results after it.
func splitDemo(fixture []byte, now time.Time) (past []byte, live [][]byte) {
	const week = 7 * 24 * time.Hour
	since := now.Sub(demoBase)
	weeks := int((since - (since%week+week)%week) / (24 * time.Hour)) // in days
	shifted := demoDate.ReplaceAllFunc(fixture, func(m []byte) []byte {
		day, err := time.Parse(`"`+time.DateOnly, string(m))
		if err != nil {
			return m
		}
		return []byte(day.AddDate(0, 0, weeks).Format(`"` + time.DateOnly))
	})
	at := 0
	for line := range bytes.Lines(shifted) {
		if m := lineDate.FindSubmatch(line); m != nil {
			if t, err := time.Parse(time.DateTime, string(m[1])); err == nil && t.After(now) {
				if bytes.HasPrefix(line, []byte(`{"resource":"detectionmodelresult"`)) {
					live = append(live, line)
				}
				continue
			}
		}
		at += copy(shifted[at:], line) // lines only move towards the front
	}
	return shifted[:at], live
}

// Next stores the next of the results to come as though it had been found just
// now. It reports whether there was one.
func (d *Demo) Next(ctx context.Context, db *DB, who Actor) (bool, error) {
	if len(d.live) == 0 {
		return false, nil
	}
	line := d.live[0]
	d.live = d.live[1:]
	now := time.UnixMicro(db.Now()).UTC()
	line = anyTime.ReplaceAll(line, fmt.Appendf(nil, `"$1":"%s"`, now.Format(time.DateTime)))
	_, err := Import(ctx, db, who, bytes.NewReader(line), ImportOptions{Name: "demo.ndjson"})
	return true, err
}
