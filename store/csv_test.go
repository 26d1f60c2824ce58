package store

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestAppendCSV(t *testing.T) {
	db := openTest(t)
	fillTest(t, db)
	rows, err := load(t.Context(), db, Results, "id IN (1, 2) ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	see := View{Identity: true, Dimensions: []string{"file_anomaly", "print_anomaly"}}
	var got strings.Builder
	got.WriteString(string(Results.AppendCSVHeader(nil, see.Dimensions)))
	for _, row := range rows {
		got.WriteString(string(Results.AppendCSV(nil, row, see, false)))
	}
	const want = `id,resource_uri,employee,date,evidence,reporter,flag,score,email_anomaly,web_anomaly,device_anomaly,login_anomaly,contributions,run_id,file_anomaly,print_anomaly
1,/data-sub/api/detectionmodelresult/1/,/data-sub/api/employee/1/,2013-12-31T23:59:59,/data-sub/api/detectionevidence/1/,usb-watch 1.0,false,0.1,0.78,0.75,,0.12,,,,
2,/data-sub/api/detectionmodelresult/2/,/data-sub/api/employee/1/,2014-02-10T08:00:00,/data-sub/api/detectionevidence/2/ /data-sub/api/detectionevidence/3/,usb-watch 1.0,true,0.5,0.2,,,,"[{""name"":""usb""}]",r7,0.75,0.25
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	who, err := load(t.Context(), db, Employees, "id = 3")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(Employees.AppendCSV(nil, who[0], View{}, false)); got != "3,/data-sub/api/employee/3/,C3,,,,,,,,,,,,,,\n" {
		t.Errorf("without identity: %s", got)
	}
}

// S8: text that a spreadsheet would run is guarded, numbers never are.
func TestCSVFormulas(t *testing.T) {
	for _, tt := range []struct{ text, cell string }{
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-2+3", "'-2+3"},
		{"-5", "'-5"}, // text, though it looks like a number
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "\"'\t'=1\""},
		{"\r=1", "\"'\r'=1\""},
		{"a;=1", "\"a;'=1\""}, // a spreadsheet that parts cells by semicolons sees a cell
		{"a;\"=1", "\"a;\"\"'=1\""},
		{"a\n'@1", "\"a\n''@1\""},
		{"a;b-1", "\"a;b-1\""},
		{"\n=1", "\"'\n'=1\""},
		{"＝1", "'＝1"},
		{"＋1", "'＋1"},
		{"－1", "'－1"},
		{"＠x", "'＠x"},
		{`=HYPERLINK("http://x","y")`, `"'=HYPERLINK(""http://x"",""y"")"`},
		{"'=1", "''=1"},
		{"'it", "'it"},
		{"a=b", "a=b"},
		{" =1", `" =1"`},
		{"1-2", "1-2"},
		{"a,b", `"a,b"`},
		{`a"b`, `"a""b"`},
		{"a\nb", "\"a\nb\""},
		{"", ""},
	} {
		a := &Address{ID: 1, City: tt.text}
		want := "1,/data-sub/api/address/1/,,," + tt.cell + ",,\n"
		if got := string(Addresses.AppendCSV(nil, a, admin, false)); got != want {
			t.Errorf("%q makes %q; want %q", tt.text, got, want)
		}
		if got := cellsOf(t, Addresses.AppendCSV(nil, a, admin, true)); got[4] != tt.text {
			t.Errorf("%q raw makes %q", tt.text, got[4])
		}
	}
	e := &Result{Score: -3.5, Reporter: "-3.5"}
	if got := cellsOf(t, Results.AppendCSV(nil, e, admin, false)); got[7] != "-3.5" || got[5] != "'-3.5" {
		t.Errorf("number %s, text %s", got[7], got[5])
	}
}

func cellsOf(t *testing.T, line []byte) []string {
	t.Helper()
	r := csvReader{in: bufio.NewReader(bytes.NewReader(line))}
	cells, err := r.record()
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return cells
}

func TestReadCSV(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"a line", "employee_id,name\nA,Ann\n", `2 {"employee_id":"A","name":"Ann"}`},
		{"no last line break, CRLF", "employee_id,name\r\nA,Ann\r\nB,Bob", `2 {"employee_id":"A","name":"Ann"}|3 {"employee_id":"B","name":"Bob"}`},
		{"empty lines", "employee_id,name\n\n\r\nA,Ann\n\n", `4 {"employee_id":"A","name":"Ann"}`},
		{"quotes", "employee_id,name\nA,\"O\"\"Neil, \r\nPhD\"\nB,\"\"\n", `2 {"employee_id":"A","name":"O\"Neil, \r\nPhD"}|4 {"employee_id":"B","name":""}`},
		{"guarded text", "employee_id,name\nA,'=1\nB,''=1\nC,'it\n", `2 {"employee_id":"A","name":"=1"}|3 {"employee_id":"B","name":"'=1"}|4 {"employee_id":"C","name":"'it"}`},
		{
			"null, id and references", "id,resource_uri,employee_id,dateOfBirth,homeAddress\n7,,A,,/data-sub/api/address/1/\n,x,B,1982-02-11,\n",
			`2 {"id":7,"employee_id":"A","dateOfBirth":null,"homeAddress":"/data-sub/api/address/1/"}|3 {"resource_uri":"x","employee_id":"B","dateOfBirth":"1982-02-11","homeAddress":null}`,
		},
		{"an id that is none", "id,employee_id\nx,A\n007,B\n", `2 {"id":"x","employee_id":"A"}|3 {"id":"007","employee_id":"B"}`},
		{"ragged lines", "employee_id,name\nA\nB,Bob,x\nC,Cid\n", `2 has 1 cells, the first line names 2|3 has 3 cells, the first line names 2|4 {"employee_id":"C","name":"Cid"}`},
		{"a quote without end", "employee_id,name\nA,Ann\nB,\"Bob\nC,Cid\n", `2 {"employee_id":"A","name":"Ann"}|3 cell 2 begins with a quote that has no end`},
		{"a quote in the middle", "employee_id,name\nA,An\"n\nB,\"Bob\"x\nC,Cid\n", `2 cell 2 has a quote or a carriage return in its middle: put all of it in quotes, and write a quote twice|3 cell 2 has a quote or a carriage return in its middle: put all of it in quotes, and write a quote twice|4 {"employee_id":"C","name":"Cid"}`},
		{"NUL and no UTF-8", "employee_id,name\nA,a\x00\n\xe9,x\nC,Cid\n", `2 cell 2 holds NUL or is no UTF-8|3 cell 1 holds NUL or is no UTF-8|4 {"employee_id":"C","name":"Cid"}`},
		{"a column twice", "employee_id,name,name\nA,Ann,x\n", "the column name is there twice"},
		{"an unknown column", "employee_id,shoe_size\nA,9\n", `column 2 is "shoe_size"; employee has id, employee_id`},
		{"a column without a name", "employee_id,\nA,9\n", `column 2 is ""`},
		{"semicolons", "employee_id;name\nA;Ann\n", `column 1 is "employee_id;name"`},
		{"a broken first line", "employee_id,\"name\nA,Ann\n", "line 1: cell 2 begins with a quote"},
		{"empty", "", "the file is empty"},
		{"only empty lines", "\n\n", "the file is empty"},
		{"only a header", "employee_id,name\n", ""},
		{"a line without end", "employee_id,name\nA,Ann\nB,\"" + strings.Repeat("x\n", 1<<19), `2 {"employee_id":"A","name":"Ann"}|line 3: is longer than 1 MiB; a quote may lack its end`},
	} {
		got := readTest(Employees, tt.file, false)
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
	const results = "employee,evidence,flag,score,file_anomaly,web_anomaly,contributions\n"
	for file, want := range map[string]string{
		"/e/1/,/a/1/ /a/2/,true,0.5,0.7,,\"[{\"\"name\"\":\"\"x\"\"}]\"\n": `2 {"employee":"/e/1/","evidence":["/a/1/","/a/2/"],"flag":"true","score":"0.5","file_anomaly":"0.7","web_anomaly":null,"contributions":[{"name":"x"}]}`,
		",,,,,,\n":           `2 {"evidence":[],"file_anomaly":null,"web_anomaly":null,"contributions":null}`,
		"1,x,maybe,y,z,,[\n": `2 {"employee":"1","evidence":["x"],"flag":"maybe","score":"y","file_anomaly":"z","web_anomaly":null,"contributions":"["}`,
	} {
		if got := readTest(Results, results+file, false); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

// readTest reads a file and tells line and body, or what is wrong, parted by |.
func readTest(r *Resource, file string, raw bool) string {
	var out []string
	err := readCSV(strings.NewReader(file), r, raw, func(line int, body []byte, err error) error {
		if err != nil {
			body = []byte(AsError(err).Msg)
		}
		out = append(out, fmt.Sprintf("%d %s", line, body))
		return nil
	})
	if err != nil {
		out = append(out, AsError(err).Msg)
	}
	return strings.Join(out, "|")
}

func TestReadCSVStops(t *testing.T) {
	n := 0
	err := readCSV(strings.NewReader("employee_id\nA\nB\n"), Employees, false, func(int, []byte, error) error { n++; return errStop })
	if n != 1 || !errors.Is(err, errStop) {
		t.Errorf("%d lines, %v", n, err)
	}
}

// Whatever text is written comes back as it was, guarded (but for control characters) or raw.
func FuzzCSVRoundTrip(f *testing.F) {
	for _, s := range []string{"=1", "'=1", "'", "a,b", "\"", "\r\n", "\r", " x ", "＝", "''＠", "", "\u00a0", "a;=1", ";'\"=", "\n\t=;'+"} {
		f.Add(s, "x", false)
		f.Add("y", s, true)
	}
	f.Fuzz(func(t *testing.T, one, two string, raw bool) {
		if _, err := textValue(one + " " + two); err != nil {
			return
		}
		a := &Address{ID: 1, Line1: one, Country: two}
		file := append(Addresses.AppendCSVHeader(nil, nil), Addresses.AppendCSV(nil, a, admin, raw)...)
		if !raw {
			one, two = Visible(one), Visible(two)
		}
		n := 0
		err := readCSV(bytes.NewReader(file), Addresses, raw, func(_ int, body []byte, err error) error {
			n++
			var got struct{ Line1, Country string }
			if err != nil || json.Unmarshal(body, &got) != nil || got.Line1 != one || got.Country != two {
				t.Fatalf("%q, %q became %s, %v by way of %q", one, two, body, err, file)
			}
			return nil
		})
		if err != nil || n != 1 {
			t.Fatalf("%q: %d lines, %v", file, n, err)
		}
	})
}

// What Go's own strict reader takes, ours takes in the same way.
func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"a,b\nc,\"d\"\"e\"\n", "\"a\nb\",c", "a\n\nb", "a,\"b", "\"a\"b", "x\x00", "a\r\nb\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got [][]string
		c := csvReader{in: bufio.NewReader(strings.NewReader(s))}
		wrong := false
		for {
			cells, err := c.record()
			if errors.Is(err, io.EOF) {
				break
			}
			if wrong = wrong || err != nil; c.err != nil && !errors.Is(c.err, io.EOF) {
				break
			}
			got = append(got, cells)
		}
		if strings.Contains(s, "\r") || wrong {
			return
		}
		std := csv.NewReader(strings.NewReader(s))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		want = withoutEmpty(want)
		if err == nil && (len(got) > 0 || len(want) > 0) && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %q; want %q", s, got, want)
		}
	})
}

// withoutEmpty drops records of one empty quoted cell, which we take for empty lines.
func withoutEmpty(records [][]string) (out [][]string) {
	for _, r := range records {
		if len(r) > 1 || r[0] != "" {
			out = append(out, r)
		}
	}
	return out
}
