// Command million fills a file with as many results as wanted, as ten thousand people and a year make them, to measure
// how citd reads them:
//
//	go run ./testdata/million -results 1000000 /var/tmp/1m.db
//
// Each day's results are posted as one list, then the alerts that are two weeks old are decided, three of four of them;
// the rest wait, a year at most. A million results make about 1,500,000 pieces of evidence and 200,000 alerts. More
// results are more years, all before today. It stops after -minutes, and goes on where it stopped.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"citd/store"
)

const (
	perDay   = 2740 // a million a year
	dueAfter = 14 * 24 * time.Hour
	atMost   = 365 * 24 * time.Hour
)

func main() {
	results := flag.Int("results", 1_000_000, "how many")
	people := flag.Int("people", 10_000, "whom they are about")
	minutes := flag.Float64("minutes", 1e6, "stop after so long, to go on another time")
	flag.Parse()
	if err := fill(context.Background(), flag.Arg(0), *results, *people, time.Now().Add(time.Duration(*minutes*float64(time.Minute)))); err != nil {
		fmt.Fprintln(os.Stderr, "million:", err)
		os.Exit(1)
	}
}

// filler is the work at one day.
type filler struct {
	db     *store.DB
	raw    *sql.DB
	now    time.Time
	script store.Actor
	people int
	due    map[int64][]int64 // alerts to be decided, by day since 1970
	alerts int64             // highest id seen
}

func fill(ctx context.Context, path string, results, people int, stop time.Time) error {
	schema, err := os.ReadFile("schema.sql")
	if err != nil {
		return err
	}
	f := &filler{people: people, due: map[int64][]int64{}, script: store.Actor{Role: store.Script}}
	if f.db, err = store.Open(ctx, path, store.Options{Schema: string(schema), Create: true, Clock: func() time.Time { return f.now }}); err != nil {
		return err
	}
	if f.raw, err = sql.Open("sqlite", "file:"+path); err != nil {
		return err
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	days := (results + perDay - 1) / perDay
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
	done := 0
	if err := f.raw.QueryRowContext(ctx, `SELECT coalesce(max(id), 0), (SELECT coalesce(max(id), 0) FROM alert) FROM detectionmodelresult`).Scan(&done, &f.alerts); err != nil {
		return err
	}
	for day := done / perDay; day < days && time.Now().Before(stop); day++ {
		f.now = first.AddDate(0, 0, day)
		if err := f.day(ctx, uint64(day), min(perDay, results-day*perDay)); err != nil {
			return err
		}
		if day%30 == 0 {
			fmt.Fprintf(os.Stderr, "day %d of %d\n", day, days)
		}
	}
	return f.db.Close()
}

// begin makes the people and accounts, or finds what is to be decided.
func (f *filler) begin(ctx context.Context) error {
	f.now = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	accounts, err := f.db.Accounts(ctx, store.Person)
	if err != nil || len(accounts) > 0 {
		if err := f.raw.QueryRowContext(ctx, `SELECT id FROM account WHERE kind = 'token'`).Scan(&f.script.ID); err != nil {
			return err
		}
		return f.wait(ctx, `state = 'new'`)
	}
	for _, name := range []string{"ann", "ben", "cas"} {
		if _, _, err := f.db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: name, Role: store.Admin, Password: "s3cret-passphrase"}); err != nil {
			return err
		}
	}
	a, token, err := f.db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Token, Name: "detector", Role: store.Script})
	if err != nil {
		return err
	}
	fmt.Println(token)
	f.script = a.Actor
	r := rand.New(rand.NewPCG(1, 2))
	return f.post(ctx, store.Employees, f.people, func(i int) string {
		role := 3 + r.IntN(60) // the largest has a quarter of all
		switch v := r.Float64(); {
		case v < .25:
			role = 0
		case v < .45:
			role = 1
		case v < .6:
			role = 2
		}
		return fmt.Sprintf(`{"employee_id":"EM%05d","name":"Name%d Surname%d","role":"Role %d","department":"Dept %d","site":"Halden"}`, i+1, i, i%977, role, role%9)
	})
}

func (f *filler) post(ctx context.Context, r *store.Resource, n int, one func(int) string) error {
	list := make([]string, n)
	for i := range list {
		list[i] = one(i)
	}
	body := strings.NewReader(`{"objects":[` + strings.Join(list, ",") + `]}`)
	_, _, err := store.Apply(ctx, f.db, f.script, func(b *store.Batch) ([]int64, error) { return b.PatchList(r, body) })
	return err
}

var (
	models   = []string{"role-profile 2.1", "usb-watch 1.0", "mail-graph 0.9", "login-hours 3.0", "web-risk 1.3", "web-risk 1.4", "file-access 2.0"}
	kinds    = []string{"device", "email", "web", "login", "file"}
	subjects = []string{"KX-64", "j.marks@example.com", "dropleaks.example", "WS-%04d", "/shares/finance/q%d", "host%d.example"}
	texts    = []string{
		"USB storage mounted %d times, 6.2 GB written; usual none", "Mail to an outside address with %d attachments, the most of 60 days",
		"Upload of %d MB to a file host that nobody else uses", "Logon at night on %d days of the last 14", "%d files copied from a share of another department",
	}
)

// day posts a day's results and decides what is due.
func (f *filler) day(ctx context.Context, seed uint64, n int) error {
	r := rand.New(rand.NewPCG(seed, 7))
	dim := func() string {
		if r.IntN(10) < 3 {
			return "null"
		}
		return fmt.Sprintf("%.3f", r.Float64()*r.Float64())
	}
	err := f.post(ctx, store.Results, n, func(i int) string {
		at := f.now.Add(time.Duration(i) * 24 * time.Hour / time.Duration(n)).Format(time.DateTime)
		score := r.Float64() * r.Float64()
		var b strings.Builder
		fmt.Fprintf(&b, `{"employee":"/data-sub/api/employee/%d/","date":%q,"reporter":%q,"flag":%t,"score":%.4f,"email_anomaly":%s,"web_anomaly":%s,"device_anomaly":%s,"login_anomaly":%s`,
			1+r.IntN(f.people), at, models[r.IntN(len(models))], score > .7, score, dim(), dim(), dim(), dim())
		if i%10 == 0 {
			fmt.Fprintf(&b, `,"file_anomaly":%.3f`, r.Float64())
		}
		b.WriteString(`,"evidence":[`)
		for k := range 1 + i%2 {
			kind, subject := r.IntN(len(kinds)), subjects[r.IntN(len(subjects))]
			if strings.Contains(subject, "%") {
				subject = fmt.Sprintf(subject, r.IntN(5000))
			}
			fmt.Fprintf(&b, `%s{"description":%q,"evidence_type":%q,"date_from":%q,"date_to":%q,"subject":%q}`,
				strings.Repeat(",", k), fmt.Sprintf(texts[kind], r.IntN(500)), kinds[kind], at, at, subject)
		}
		return b.String() + "]}"
	})
	if err == nil {
		err = f.wait(ctx, fmt.Sprintf("id > %d", f.alerts))
	}
	if err != nil {
		return err
	}
	today := f.now.Unix() / 86400
	return f.decide(ctx, f.due[today], r)
}

// wait notes when alerts are to be decided.
func (f *filler) wait(ctx context.Context, which string) error {
	rows, err := f.raw.QueryContext(ctx, `SELECT id, first_date FROM alert WHERE `+which)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, date int64
		if err := rows.Scan(&id, &date); err != nil {
			return err
		}
		after := dueAfter
		if id*7919%100 >= 75 {
			after = atMost
		}
		day := (date/1e6 + int64(after.Seconds())) / 86400
		f.due[day], f.alerts = append(f.due[day], id), max(f.alerts, id)
	}
	return rows.Err()
}

func (f *filler) decide(ctx context.Context, alerts []int64, r *rand.Rand) error {
	who := store.Actor{ID: 1 + int64(r.IntN(3)), Name: "ann", Role: store.Analyst}
	errs := make([]error, len(alerts))
	var wg sync.WaitGroup
	for i, id := range alerts {
		reason := r.IntN(9)
		c := store.Choice{Action: store.Dismiss, Reason: &reason, Note: "Looked at"}
		if r.IntN(10) == 0 {
			c = store.Choice{Action: store.Confirm, Note: "Looked at"}
		}
		wg.Go(func() { _, errs[i] = store.Decide(ctx, f.db, who, id, c) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
