package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"citd/store"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "write the golden files anew")

const openapiFile = "../testdata/openapi.json"

// The document is what it was when somebody last looked at it. After a change
// that is meant: go test ./handlers -run OpenAPI -update
func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	text, err := store.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, text, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(openapiFile, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(openapiFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the OpenAPI document is not that of %s; if that is meant, run with -update", openapiFile)
	}
}

func openAPI(t *testing.T) *openapi3.T {
	t.Helper()
	text, err := store.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	doc := openAPI(t)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi is %s", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	ids := map[string]bool{}
	for at, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s %s has the operationId %q, which is empty or not its own", method, at, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
	for _, r := range store.Resources {
		for _, f := range r.Fields {
			if doc.Components.Schemas[r.Name].Value.Properties[f.Name] == nil || doc.Components.Parameters[r.Name+"."+f.Name] == nil {
				t.Errorf("%s.%s is not described", r.Name, f.Name)
			}
		}
	}
}

// Every method that the document names is served, and the other way round.
func TestOpenAPIMethods(t *testing.T) {
	t.Parallel()
	doc, c := openAPI(t), newClient(startServer(t))
	for at, item := range doc.Paths.Map() {
		path := strings.NewReplacer("{id}", "1", "{ids}", "1;2").Replace(strings.TrimPrefix(at, "/"))
		got, err := c.send(request{Method: http.MethodOptions, Path: path})
		if err != nil {
			t.Fatal(err)
		}
		var served, described []string
		for m := range strings.SplitSeq(got.header.Get("Allow"), ",") {
			m = strings.TrimSpace(m)
			override := m == http.MethodPost && strings.Contains(at, "{") // stands for PUT, PATCH and DELETE there
			if m != http.MethodOptions && m != http.MethodHead && !override {
				served = append(served, m)
			}
		}
		for m := range item.Operations() {
			described = append(described, m)
		}
		slices.Sort(served)
		slices.Sort(described)
		if !slices.Equal(served, described) {
			t.Errorf("%s: served are %v, described %v", at, served, described)
		}
	}
}

// What the server answers is what the document says, for good requests and bad
// ones; and what a script of 2014 sends is what it allows.
func TestOpenAPITellsTheTruth(t *testing.T) {
	t.Parallel()
	doc, c := openAPI(t), newClient(startServer(t))
	const employee = `{"employee_id": "SW001", "name": "Simon Walton", "dateOfBirth": "1982-02-11", "homeAddress": {"city": "Oxford"}}`
	const result = `{"employee": ` + employee + `, "date": "2014-09-16 12:30:45.5", "evidence": [{"description": "x", "evidence_type": "email",
		"date_from": "2014-09-12", "date_to": "2014-09-13"}], "reporter": "m 1", "flag": true, "score": 0.54, "email_anomaly": 0.78, "file_anomaly": 0.5,
		"contributions": [{"name": "usb", "weight": 1.0}]}`
	for _, tt := range []struct {
		method, at, path, body string
		status                 int
	}{
		{"POST", "/address/", "address/", `{"line1": "1 Parks Road", "city": "Oxford"}`, 201},
		{"POST", "/employee/", "employee/", employee, 201},
		{"POST", "/employee/", "employee/", employee, 200},
		{"POST", "/detectionmodelresult/", "detectionmodelresult/", result, 201},
		{"POST", "/detectionmodelresult/", "detectionmodelresult/", `{"score": "x"}`, 400},
		{"POST", "/employeeevent/", "employeeevent/", `{"employee": "/data-sub/api/employee/1/", "kind": "left", "at": "2014-12-31"}`, 201},
		{"PATCH", "/employee/", "employee/", `{"objects": [{"employee_id": "JN002"}], "deleted_objects": []}`, 202},
		{"GET", "/employee/", "employee/?limit=1&order_by=-employee_id", "", 200},
		{"GET", "/detectionmodelresult/", "detectionmodelresult/?file_anomaly__gt=0.1", "", 200},
		{"GET", "/detectionevidence/", "detectionevidence/", "", 200},
		{"GET", "/employee/", "employee/?bogus=1", "", 400},
		{"GET", "/employee/{id}/", "employee/1/", "", 200},
		{"GET", "/employee/{id}/", "employee/99/", "", 404},
		{"GET", "/employee/set/{ids}/", "employee/set/1;99/", "", 200},
		{"GET", "/employee/schema/", "employee/schema/", "", 200},
		{"PATCH", "/detectionmodelresult/{id}/", "detectionmodelresult/1/", `{"score": 0.6}`, 202},
		{"PUT", "/employee/{id}/", "employee/1/", `{"employee_id": "SW001"}`, 200},
		{"DELETE", "/address/{id}/", "address/1/", "", 204},
		{"DELETE", "/employee/", "employee/?employee_id=JN002", "", 204},
		{"GET", "/feedback/", "feedback/", "", 200},
		{"GET", "/", "", "", 200},
	} {
		name := fmt.Sprintf("%s %s (%d)", tt.method, tt.path, tt.status)
		req := request{Method: tt.method, Path: tt.path}
		if tt.body != "" {
			req.JSON = json.RawMessage(tt.body)
		}
		got, err := c.send(req)
		if err != nil {
			t.Fatal(err)
		}
		op := doc.Paths.Value(tt.at).GetOperation(tt.method)
		answer := op.Responses.Value(strconv.Itoa(got.status))
		if got.status >= 400 {
			answer = op.Responses.Default()
		}
		if got.status != tt.status || answer == nil {
			t.Errorf("%s = %d %s; want a status that is described", name, got.status, got.raw)
			continue
		}
		if answer.Value.Content != nil {
			visit(t, name, answer.Value.Content["application/json"].Schema.Value, got.raw)
		}
		if tt.body != "" && tt.status < 300 {
			visit(t, name+" body", op.RequestBody.Value.Content["application/json"].Schema.Value, []byte(tt.body))
		}
	}
}

func visit(t *testing.T, name string, schema *openapi3.Schema, text []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Errorf("%s: %v in %s", name, err, text)
		return
	}
	if err := schema.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}
