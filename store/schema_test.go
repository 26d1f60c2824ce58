package store

import (
	"encoding/json"
	"slices"
	"testing"
)

type schemaDoc struct {
	List     []string `json:"allowed_list_http_methods"`
	Detail   []string `json:"allowed_detail_http_methods"`
	Format   string   `json:"default_format"`
	Limit    int      `json:"default_limit"`
	Ordering []string
	Filters  map[string]int `json:"filtering"`
	Fields   map[string]map[string]any
}

func TestSchema(t *testing.T) {
	for _, r := range Resources {
		body, err := r.Schema([]string{"file_anomaly"})
		if err != nil {
			t.Fatal(err)
		}
		var doc schemaDoc
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		want := []string{"id", "resource_uri"}
		for _, f := range r.Fields {
			want = append(want, f.Name)
		}
		if r.Dimensions() {
			want = append(want, "file_anomaly")
		}
		if len(doc.Fields) != len(want) || len(doc.Filters) != len(want)-1 || len(doc.Ordering) != len(want)-1 {
			t.Errorf("%s: %d fields, %d filters, %d orders; want %d, one less and one less", r.Name, len(doc.Fields), len(doc.Filters), len(doc.Ordering), len(want))
		}
		for _, name := range want {
			f := doc.Fields[name]
			for _, key := range []string{"type", "nullable", "blank", "readonly", "unique", "primary_key", "default", "help_text", "verbose_name"} {
				if _, ok := f[key]; !ok {
					t.Errorf("%s.%s lacks %s", r.Name, name, key)
				}
			}
			if f["unique"] != (name == "id" || name == "employee_id") || f["readonly"] != (name == "resource_uri") || f["primary_key"] != (name == "id") {
				t.Errorf("%s.%s = %v", r.Name, name, f)
			}
			if name != "resource_uri" && !slices.Contains(doc.Ordering, name) {
				t.Errorf("%s: no order by %s", r.Name, name)
			}
			filters := 1
			if f["type"] == "related" {
				filters = 2
				if f["related_schema"] != Base+r.Field(name).Target+"/schema/" {
					t.Errorf("%s.%s = %v", r.Name, name, f)
				}
			}
			if name != "resource_uri" && doc.Filters[name] != filters {
				t.Errorf("%s.%s: filtering %d; want %d", r.Name, name, doc.Filters[name], filters)
			}
		}
		if doc.Format != "application/json" || doc.Limit != 20 || len(doc.List) != 5 || len(doc.Detail) != 4 {
			t.Errorf("%s: %+v", r.Name, doc)
		}
	}
	body, _ := Results.Schema(nil)
	var raw schemaDoc
	if err := json.Unmarshal(body, &raw); err != nil {
		t.Fatal(err)
	}
	for name, typ := range map[string]string{
		"id": "integer", "resource_uri": "string", "date": "datetime", "reporter": "string", "flag": "boolean", "score": "float",
		"email_anomaly": "float", "employee": "related", "evidence": "related", "contributions": "list",
	} {
		if raw.Fields[name]["type"] != typ {
			t.Errorf("%s is a %v; want %s", name, raw.Fields[name]["type"], typ)
		}
	}
	if raw.Fields["employee"]["related_type"] != "to_one" || raw.Fields["evidence"]["related_type"] != "to_many" {
		t.Errorf("relations: %v, %v", raw.Fields["employee"], raw.Fields["evidence"])
	}
	if raw.Fields["flag"]["default"] != false || raw.Fields["score"]["default"] != "No default provided." || raw.Fields["web_anomaly"]["default"] != nil || raw.Fields["reporter"]["default"] != "" {
		t.Error("defaults are wrong")
	}
}
