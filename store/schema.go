package store

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Schema returns the JSON document that the API of 2014 has at schema/: the
// fields, what may be filtered and ordered by, and the methods. dims are the
// further dimensions that the file knows.
func (r *Resource) Schema(dims []string) ([]byte, error) {
	all := slices.Clone(r.Fields)
	if r.extra != nil {
		for _, d := range dims {
			all = append(all, *r.named(d))
		}
	}
	fields := map[string]any{
		"id":           describe(*r.named("id"), map[string]any{"type": "integer", "unique": true, "primary_key": true, "blank": true, "help_text": "the row's number, from 1"}),
		"resource_uri": describe(Field{Name: "resource_uri", Type: String}, map[string]any{"readonly": true, "help_text": "where the row is"}),
	}
	filtering, ordering := map[string]int{"id": 1}, []string{"id"}
	for _, f := range all {
		fields[f.Name] = describe(f, nil)
		filtering[f.Name] = 1
		if f.Target != "" {
			filtering[f.Name] = 2 // also through the relation
		}
		ordering = append(ordering, f.Name)
	}
	return json.Marshal(map[string]any{
		"allowed_list_http_methods":   []string{"get", "post", "put", "delete", "patch"},
		"allowed_detail_http_methods": []string{"get", "put", "delete", "patch"},
		"default_format":              "application/json",
		"default_limit":               defaultLimit,
		"fields":                      fields,
		"filtering":                   filtering,
		"ordering":                    ordering,
	})
}

// typeNames are the types as schema/ names them.
var typeNames = map[Type]string{
	String: "string", Float: "float", Boolean: "boolean", Date: "date", Datetime: "datetime",
	List: "list", ToOne: "related", ToMany: "related", ident: "integer",
}

// describe returns what schema/ says of f; but replaces parts of it.
func describe(f Field, but map[string]any) map[string]any {
	d := map[string]any{
		"type":         typeNames[f.Type],
		"nullable":     f.Null,
		"blank":        !f.Need,
		"readonly":     false,
		"unique":       f.Key,
		"primary_key":  false,
		"default":      f.absent(),
		"help_text":    f.Help,
		"verbose_name": strings.ReplaceAll(f.Name, "_", " "),
	}
	if related := map[Type]string{ToOne: "to_one", ToMany: "to_many"}[f.Type]; related != "" {
		d["related_type"], d["related_schema"] = related, Base+f.Target+"/schema/"
	}
	maps.Copy(d, but)
	return d
}

// absent is what a field holds if it is not given; a field that has to be given
// says so in the words that clients know.
func (f *Field) absent() any {
	switch {
	case f.Need:
		return "No default provided."
	case f.Null:
		return nil
	case f.Type == Boolean:
		return false
	case f.Type == ToMany:
		return []any{}
	}
	return ""
}
