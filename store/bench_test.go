package store

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"sync/atomic"
	"testing"
)

// BenchmarkPost is one result with one nested piece of evidence, durable when
// it returns, with so many clients at once.
func BenchmarkPost(b *testing.B) {
	for _, clients := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			db := openTest(b)
			who := tester(b, db, Script)
			fillEmployees(b, db, who, 10_000)
			var n atomic.Int64
			b.SetParallelism((clients + 1) / 2) // GOMAXPROCS is 2 where the figures were taken
			b.ReportAllocs()
			cpu := cpuTime()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					in, err := Results.Decode(benchResult(n.Add(1)))
					if err != nil {
						b.Error(err)
						return
					}
					if _, _, err := Apply(context.Background(), db, who, func(b *Batch) (Saved, error) { return b.Post(in) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
			b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
			b.ReportMetric(float64(b.N)/float64(db.Gen()), "posts/commit")
		})
	}
}

func fillEmployees(tb testing.TB, db *DB, who Actor, n int) {
	tb.Helper()
	body := []byte(`{"objects":[`)
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"employee_id":"E%d","role":"Role %d","department":"D%d"}`, i, i%20, i%9)
	}
	body = append(body, "]}"...)
	if _, _, err := Apply(context.Background(), db, who, func(b *Batch) ([]int64, error) { return b.PatchList(Employees, bytes.NewReader(body)) }); err != nil {
		tb.Fatal(err)
	}
}

// benchResult is a body of about 460 bytes, with a random employee and a date within 60 days.
func benchResult(n int64) []byte {
	day := rand.IntN(60)
	return fmt.Appendf(nil, `{"employee": "/data-sub/api/employee/%d/", "date": "2026-%02d-%02d %02d:10:11.123456", "reporter": "role-profile 2.1",`+
		` "flag": "False", "score": 0.%03d, "email_anomaly": 0.78, "web_anomaly": 0.75, "device_anomaly": 0.23, "login_anomaly": 0.12,`+
		` "evidence": [{"description": "Email activity of the last 5 days to j.marks@example.com, number %d", "evidence_type": "email",`+
		` "date_from": "2026-03-01 09:10:11", "date_to": "2026-03-06 09:10:11", "subject": "j.marks@example.com"}]}`,
		1+rand.IntN(10_000), 1+day/30, 1+day%30%28, rand.IntN(24), rand.IntN(1000), n)
}

var employeeURI = regexp.MustCompile(`"/data-sub/api/employee/(\d{1,4})/"`)

// BenchmarkPatchList is one request of many results with nested evidence, in one transaction.
func BenchmarkPatchList(b *testing.B) {
	for _, mode := range []string{"uri", "object"} {
		b.Run("employee="+mode, func(b *testing.B) { benchmarkPatchList(b, mode) })
	}
}

func benchmarkPatchList(b *testing.B, mode string) {
	const rows = 10_000
	db := openTest(b)
	who := tester(b, db, Script)
	fillEmployees(b, db, who, 10_000)
	body := []byte(`{"objects":[`)
	for i := range rows {
		if i > 0 {
			body = append(body, ',')
		}
		one := benchResult(int64(i))
		if mode == "object" {
			one = employeeURI.ReplaceAll(one, []byte(`{"employee_id": "E$1"}`))
		}
		body = append(body, one...)
	}
	body = append(body, "]}"...)
	b.ReportAllocs()
	cpu := cpuTime()
	for b.Loop() {
		if _, _, err := Apply(context.Background(), db, who, func(b *Batch) ([]int64, error) { return b.PatchList(Results, bytes.NewReader(body)) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/1000/float64(b.N)/rows, "cpu-us/row")
}
