package store

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Each line is a URL and the words that its error must hold.
func TestQueryRefuses(t *testing.T) {
	db := openTest(t)
	fillTest(t, db)
	for _, tt := range []struct{ url, want string }{
		{"employee/?bogus=1", "bogus: is no filter here: employee has no \"bogus\"; it has id, employee_id, title"},
		{"employee/?resource_uri=x", "resource_uri"},
		{"employee/?Gender=F", "Gender"},
		{"employee/?gendr=F&naem=x", "naem"},
		{"employee/?pseudonym=x", "pseudonym"},
		{"employee/?=x", `no ""`},
		{"employee/?name__bogus=x", "name__bogus: there is no operator \"bogus\" for name; it takes exact, iexact"},
		{"employee/?name__=x", "name__"},
		{"employee/?name__icontains__x=x", "icontains__x"},
		{"employee/?gender__year=2014", `no operator "year" for gender`},
		{"employee/?dateOfBirth__hour=1", `no operator "hour"`},
		{"employee/?dateOfBirth__contains=19", "contains"},
		{"detectionmodelresult/?score__contains=5", "contains"},
		{"detectionmodelresult/?flag__gt=0", "gt"},
		{"detectionmodelresult/?date__year__gte=2014", "year__gte"},
		{"detectionmodelresult/?employee__bogus=1", `employee has no "bogus"; it has id, employee_id`},
		{"detectionmodelresult/?employee__bogus__in=1", "bogus"},
		{"detectionmodelresult/?employee__user__password__startswith=a", "user"},
		{"detectionmodelresult/?employee__homeAddress__street=x", `address has no "street"; it has id, line1`},
		{"detectionmodelresult/?employee__icontains=x", "icontains"},
		{"detectionmodelresult/?employee__=1", "employee__"},
		{"detectionmodelresult/?alert=1", "alert"},
		{"detectionmodelresult/?posted_by=1", "posted_by"},
		{"employee/?id=abc", `id: must be an id, a whole number, or a URI such as /data-sub/api/employee/3/, not "abc"`},
		{"employee/?id=", "id"},
		{"employee/?id=1.5", "id"},
		{"employee/?id__in=1,abc", "id__in"},
		{"employee/?id__in=1,,2", "id__in"},
		{"employee/?id=99999999999999999999", "id"},
		{"detectionmodelresult/?employee=SW001", `not "SW001"`},
		{"detectionmodelresult/?employee=/data-sub/api/address/1/", "another resource"},
		{"detectionmodelresult/?evidence=", "evidence"},
		{"detectionmodelresult/?score__gt=abc", `score__gt: must be a finite number such as 0.54, not "abc"`},
		{"detectionmodelresult/?score__gte=NaN", "score__gte"},
		{"detectionmodelresult/?score__lt=inf", "score__lt"},
		{"detectionmodelresult/?score=1e400", "score"},
		{"detectionmodelresult/?score=0x1p-2", "score"},
		{"detectionmodelresult/?score=", "score"},
		{"detectionmodelresult/?score__range=0.4", "two values"},
		{"detectionmodelresult/?score__range=0.1,0.4,0.9", "two values, as in a,b; got 3"},
		{"detectionmodelresult/?score__range=", "score__range"},
		{"detectionmodelresult/?score__range=0.1,x", "score__range"},
		{"detectionmodelresult/?flag=maybe", "flag: must be true or false"},
		{"detectionmodelresult/?flag=", "flag"},
		{"detectionmodelresult/?flag=yes", "flag"},
		{"detectionmodelresult/?email_anomaly__isnull=maybe", "email_anomaly__isnull"},
		{"detectionmodelresult/?email_anomaly__isnull=", "email_anomaly__isnull"},
		{"detectionmodelresult/?date__gt=garbage", "date__gt: must be a time such as"},
		{"detectionmodelresult/?date=", "date"},
		{"detectionmodelresult/?date__gte=2014-02-10T08:00:00+01:00", "date__gte"}, // + is a blank
		{"detectionmodelresult/?date__gte=1410948672", "date__gte"},
		{"detectionmodelresult/?date__gte=2014-02-30", "calendar"},
		{"detectionmodelresult/?date__year=abc", "date__year: must be a whole number"},
		{"detectionmodelresult/?date__year=0", "1 to 9999"},
		{"detectionmodelresult/?date__year=10000", "1 to 9999"},
		{"detectionmodelresult/?date__month=x", "date__month"},
		{"detectionmodelresult/?date__date=2014-13-01", "date__date"},
		{"employee/?dateOfBirth=11/02/1982", "dateOfBirth"},
		{"employee/?dateOfBirth__lt=x", "dateOfBirth__lt"},
		{"employee/?dateOfBirth__lte=1982-02-11T12:00", "dateOfBirth__lte"}, // no time of day is cut off in silence
		{"detectionmodelresult/?date__date=2014-02-10T08:00:00", "date__date"},
		{"employee/?name__regex=(", "name__regex: must be a regular expression in RE2's syntax"},
		{"employee/?name__regex=(%3F=a)", "name__regex"},
		{"employee/?name__regex=(a)%5C1", "name__regex"},
		{"employee/?name__regex=" + strings.Repeat("a", 1001), "at most 1000 bytes"},
		{"employee/?name=a%00b", "NUL"},
		{"employee/?name=%ff", "UTF-8"},
		{"employee/?name__in=a,%ff", "UTF-8"},
		{"detectionmodelresult/?fiel_anomaly__gt=1", "fiel_anomaly: no result has this dimension; further dimensions known are: file_anomaly, print_anomaly"},
		{"detectionmodelresult/?order_by=fiel_anomaly", "fiel_anomaly"},
		{"detectionmodelresult/?employee__file_anomaly=1", "file_anomaly"},
		{"employee/?file_anomaly=1", "file_anomaly"},
		{"employee/?limit=abc", `limit: must be a whole number of 0 or more, not "abc"`},
		{"employee/?limit=-1", "limit"},
		{"employee/?limit=1.5", "limit"},
		{"employee/?limit=", "limit"},
		{"employee/?limit=-99999999999999999999", "limit"},
		{"employee/?limit=5&limit=x", "limit"},
		{"employee/?limit=%3Cscript%3E", "<script>"},
		{"employee/?offset=-1", "offset"},
		{"employee/?offset=abc", "offset"},
		{"employee/?offset=9223372036854775808", "offset"},
		{"employee/?order_by=bogus", `order_by: employee has no "bogus"; it has id`},
		{"employee/?order_by=password", "password"},
		{"employee/?order_by=", "order_by"},
		{"employee/?order_by=-", "order_by"},
		{"employee/?order_by=--name", "order_by"},
		{"employee/?order_by=?", "order_by"},
		{"employee/?order_by=name,gender", "one field at a time"},
		{"employee/?order_by=name&order_by=bogus", "bogus"},
		{"employee/?order_by=name__icontains", `"name__icontains" is no field; "name" is one`},
		{"employee/?order_by=resource_uri", "resource_uri"},
		{"employee/?order_by=Name", "Name"},
		{"detectionmodelresult/?order_by=employee__bogus", "bogus"},
		{"detectionmodelresult/?order_by=employee__", "order_by"},
	} {
		res, query, _ := strings.Cut(tt.url, "/?")
		p, err := listTest(t, db, res, query)
		e := AsError(err)
		if err == nil || e.Kind != Invalid || len(e.Fields) == 0 || !strings.Contains(e.Msg, tt.want) {
			t.Errorf("%s = %v rows, %v %v; want a refusal with %q", tt.url, p.Total, e.Fields, err, tt.want)
		}
	}
}

// All that is wrong is told at once, by parameter.
func TestQueryRefusesAllAtOnce(t *testing.T) {
	db := openTest(t)
	_, err := listTest(t, db, "employee", "bogus=1&limit=x&offset=-1&order_by=y&dateOfBirth__gt=z&name__year=1")
	e := AsError(err)
	for _, name := range []string{"bogus", "limit", "offset", "order_by", "dateOfBirth__gt", "name__year"} {
		if len(e.Fields[name]) != 1 {
			t.Errorf("%s: %v", name, e.Fields[name])
		}
	}
	if len(e.Fields) != 6 {
		t.Errorf("fields = %v", e.Fields)
	}
}

// B6: what looks as if it spared rows is refused where rows are deleted.
func TestParseDelete(t *testing.T) {
	db := openTest(t)
	fillTest(t, db)
	for query, want := range map[string]string{
		"": "1 2 3", "gender=M": "1 2", "gender=X": "", "_=1": "1 2 3", "format=json": "1 2 3", "name__regex=^S": "1",
		"limit=1": "refused", "offset=1": "refused", "order_by=name": "refused", "gendr=F": "refused", "gender=F&limit=0": "refused",
	} {
		params, _ := url.ParseQuery(query)
		q, err := ParseDelete(Employees, params, admin)
		got := "refused"
		if err == nil {
			ids, err := Write(t.Context(), db, func(tx *Tx) ([]int64, error) { return q.IDs(t.Context(), tx) })
			if err != nil {
				t.Fatal(err)
			}
			got = strings.Trim(fmt.Sprint(ids), "[]")
		} else if AsError(err).Kind != Invalid {
			t.Errorf("DELETE ?%s: %v", query, err)
		}
		if got != want {
			t.Errorf("DELETE ?%s = %s; want %s", query, got, want)
		}
	}
}

// Who may not see who people are may not find it out by filters and order.
func TestQueryHidesIdentity(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want Kind
	}{
		{"employee/?employee_id=SW001&order_by=role", Internal},
		{"employee/?id__in=1,2", Internal},
		{"detectionmodelresult/?employee=1&employee__role=x&order_by=employee__site", Internal},
		{"address/?id=1&order_by=-id", Internal},
		{"employee/?name=x", Forbidden},
		{"employee/?gender__in=M", Forbidden},
		{"employee/?homeAddress=1", Forbidden},
		{"employee/?homeAddress__isnull=true", Forbidden},
		{"employee/?order_by=-dateOfBirth", Forbidden},
		{"address/?city=Oxford", Forbidden},
		{"address/?order_by=city", Forbidden},
		{"detectionmodelresult/?employee__name__icontains=a", Forbidden},
		{"detectionmodelresult/?employee__homeAddress__city=x", Forbidden},
		{"detectionmodelresult/?employee__homeAddress__id=1", Forbidden},
		{"detectionmodelresult/?order_by=employee__name", Forbidden},
		{"employeeevent/?employee__ethnicity=x", Forbidden},
	} {
		res, query, _ := strings.Cut(tt.url, "/?")
		params, _ := url.ParseQuery(query)
		_, err := ParseQuery(ResourceNamed(res), params, View{})
		if got := AsError(err).Kind; (err == nil) != (tt.want == Internal) || err != nil && got != tt.want {
			t.Errorf("%s: %v; want kind %d", tt.url, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), "admin") {
			t.Errorf("%s: %v; want the role that it takes", tt.url, err)
		}
		if _, err := ParseQuery(ResourceNamed(res), params, admin); err != nil {
			t.Errorf("%s as admin: %v", tt.url, err)
		}
	}
}
