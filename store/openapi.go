package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// doc is an object of the OpenAPI document. Its keys come out sorted, so that
// the document is the same each time.
type doc = map[string]any

// OpenAPI returns the API's description in OpenAPI 3.1, made from the
// declarations: whoever adds a field has described it.
func OpenAPI() ([]byte, error) {
	paths := doc{
		"/":             doc{"get": operation("root", "api", "Where each resource is", answered("the resources", doc{"type": "object"}), nil)},
		"/openapi.json": doc{"get": operation("openapi", "api", "This document", answered("OpenAPI 3.1", doc{"type": "object"}), nil)},
		"/feedback/":    doc{"get": feedbackOperation()},
	}
	schemas := commonSchemas()
	parameters := commonParameters()
	tags := []doc{{"name": "api", "description": "what describes the API"}, {"name": "feedback", "description": "what analysts decided about results"}}
	for _, r := range Resources {
		maps.Copy(paths, r.paths())
		schemas[r.Name] = r.schema(false)
		schemas[r.Name+".new"] = r.schema(true)
		for name, p := range r.filterParameters() {
			parameters[r.Name+"."+name] = p
		}
		tags = append(tags, doc{"name": r.Name, "description": r.Help})
	}
	return json.Marshal(doc{
		"openapi": "3.1.0",
		"info": doc{
			"title": "citd", "version": "1",
			"description": "The data submission API of the CITD Dashboard (2014), as citd serves it: scripts push employees, evidence and the results of detection models. " +
				"Every URL ends in a slash. Times are UTC, written without a zone. Fields that are not known are passed over and named in X-Citd-Ignored.",
		},
		"servers":  []doc{{"url": strings.TrimSuffix(Base, "/")}},
		"security": []doc{{"basic": []string{}}, {"bearer": []string{}}, {"apiKey": []string{}}},
		"tags":     tags,
		"paths":    paths,
		"components": doc{
			"schemas": schemas, "parameters": parameters, "responses": doc{"error": errorResponse()}, "headers": noteHeaders(),
			"securitySchemes": doc{
				"basic":  doc{"type": "http", "scheme": "basic", "description": "A person's name and password; or any name and a token as the password."},
				"bearer": doc{"type": "http", "scheme": "bearer", "description": "A token."},
				"apiKey": doc{"type": "apiKey", "in": "header", "name": "Authorization", "description": "ApiKey user:token"},
			},
		},
	})
}

func ref(kind, name string) doc { return doc{"$ref": "#/components/" + kind + "/" + name} }

func schemaRef(name string) doc { return ref("schemas", name) }

func jsonContent(schema doc) doc { return doc{"application/json": doc{"schema": schema}} }

// answered is the answers of an operation: 200 with that schema.
func answered(what string, schema doc) doc {
	return doc{"200": doc{"description": what, "content": jsonContent(schema)}}
}

// operation describes one method of a path.
func operation(id, tag, summary string, answers doc, more doc) doc {
	answers["default"] = ref("responses", "error")
	o := doc{"operationId": id, "tags": []string{tag}, "summary": summary, "responses": answers}
	maps.Copy(o, more)
	return o
}

// paths are those of one resource.
func (r *Resource) paths() doc {
	name, row := r.Name, schemaRef(r.Name)
	at := doc{"name": "id", "in": "path", "required": true, "description": "the row's id, from 1", "schema": doc{"type": "integer", "minimum": 1}}
	part := schemaRef(name + ".new")
	sent := doc{"parameters": []doc{ref("parameters", "Idempotency-Key")}, "requestBody": body(part)}
	whole, many := maps.Clone(sent), maps.Clone(sent)
	whole["requestBody"] = body(doc{"allOf": []doc{part}, "required": r.required()})
	many["requestBody"] = body(doc{"type": "object", "required": []string{"objects"}, "properties": doc{
		"objects":         doc{"type": "array", "items": part},
		"deleted_objects": doc{"type": "array", "items": doc{"type": "string", "format": "uri-reference"}, "description": "PATCH only: rows to delete"},
	}})
	filters := r.filterRefs()
	page := append([]doc{ref("parameters", "limit"), ref("parameters", "offset"), ref("parameters", name+".order_by"), ref("parameters", "format")}, filters...)
	objects := doc{"type": "object", "properties": doc{"objects": doc{"type": "array", "items": row}}}
	return doc{
		"/" + name + "/": doc{
			"get":    operation("list_"+name, name, "List rows", r.listAnswer(), doc{"parameters": page}),
			"post":   operation("post_"+name, name, "Store a row", written("201", "stored, as a later GET gives it", row, "200", "it was there, by its URI or its key, and is changed"), whole),
			"put":    operation("put_all_"+name, name, "Replace all rows by these", written("200", "the rows", objects), many),
			"patch":  operation("patch_all_"+name, name, "Store, change and delete many rows, all or none", written("202", "the rows, in the order sent", objects), many),
			"delete": operation("delete_all_"+name, name, "Delete all rows that the filters select", gone(), doc{"parameters": filters}),
		},
		"/" + name + "/{id}/": doc{
			"parameters": []doc{at},
			"get":        operation("get_"+name, name, "Read a row", answered("the row", row), nil),
			"put":        operation("put_"+name, name, "Change a row, or make one of that id; what is absent stays as it is", written("200", "the row", row, "201", "there was none"), sent),
			"patch":      operation("patch_"+name, name, "Change the fields given", written("202", "the row", row), sent),
			"delete":     operation("delete_"+name, name, "Delete a row", gone(), nil),
		},
		"/" + name + "/set/{ids}/": doc{"get": operation("set_"+name, name, "Read rows by their ids, in that order",
			answered("the rows, and the ids that no row has", doc{"type": "object", "properties": doc{
				"objects":   doc{"type": "array", "items": row},
				"not_found": doc{"type": "array", "items": doc{"type": "string"}},
			}}),
			doc{"parameters": []doc{{"name": "ids", "in": "path", "required": true, "description": "ids parted by semicolons: 1;3", "schema": doc{"type": "string"}}}})},
		"/" + name + "/schema/": doc{"get": operation("schema_"+name, name, "Fields, filters and orders, as the API of 2014 describes them", answered("the description", doc{"type": "object"}), nil)},
	}
}

func body(schema doc) doc { return doc{"required": true, "content": jsonContent(schema)} }

func gone() doc { return doc{"204": doc{"description": "deleted"}} }

// written is the answers to a write: status and what it means, with the row for all.
func written(status, what string, schema doc, others ...string) doc {
	notes := doc{"X-Citd-Ignored": ref("headers", "X-Citd-Ignored"), "X-Citd-Updated": ref("headers", "X-Citd-Updated"), "X-Citd-New-Dimension": ref("headers", "X-Citd-New-Dimension")}
	answers := doc{}
	for i, all := 0, append([]string{status, what}, others...); i < len(all); i += 2 {
		headers := maps.Clone(notes)
		if all[i] == "201" {
			headers["Location"] = ref("headers", "Location")
		}
		answers[all[i]] = doc{"description": all[i+1], "headers": headers, "content": jsonContent(schema)}
	}
	return answers
}

func (r *Resource) listAnswer() doc {
	row := schemaRef(r.Name)
	content := jsonContent(doc{"type": "object", "required": []string{"meta", "objects"}, "properties": doc{
		"meta": schemaRef("meta"), "objects": doc{"type": "array", "items": row},
	}})
	content["text/csv"] = doc{"schema": doc{"type": "string", "description": "with format=csv: all rows, with a header"}}
	content["application/x-ndjson"] = doc{"schema": doc{"type": "string", "description": "with format=ndjson: all rows, one JSON object a line"}}
	return doc{"200": doc{"description": "a page of rows", "content": content}}
}

// schema describes a row: as it is answered, or as it may be sent.
func (r *Resource) schema(sent bool) doc {
	props := doc{
		"id":           doc{"type": "integer", "minimum": 1, "description": "the row's id; given with a new row it is taken if it is free"},
		"resource_uri": doc{"type": "string", "format": "uri-reference", "description": "the row's URI; sent back, it names the row to change", "examples": []string{r.URI(3)}},
	}
	for i := range r.Fields {
		props[r.Fields[i].Name] = r.Fields[i].property(sent)
	}
	s := doc{"type": "object", "description": r.Help, "properties": props}
	if !sent {
		s["required"] = append(r.names(), "resource_uri")
	}
	if r.extra != nil {
		s["patternProperties"] = doc{dimensionName.String(): doc{"type": []string{"number", "null"}, "description": "a further dimension; null: not measured, which is not 0"}}
	}
	return s
}

// required lists the fields that a new row has to have.
func (r *Resource) required() []string {
	names := []string{}
	for i := range r.Fields {
		if r.Fields[i].Need {
			names = append(names, r.Fields[i].Name)
		}
	}
	return names
}

// property describes a field.
func (f *Field) property(sent bool) doc {
	p := doc{"description": f.Help}
	typ := map[Type]string{String: "string", Float: "number", Boolean: "boolean", Date: "string", Datetime: "string", List: "array", ToOne: "string", ToMany: "array"}[f.Type]
	p["type"] = typ
	if f.Null {
		p["type"] = []string{typ, "null"}
	}
	switch f.Type {
	case String:
		if sent {
			p["maxLength"] = f.Max
		}
		if f.OneOf != nil {
			p["enum"] = f.OneOf
		}
	case Date:
		p["format"] = "date"
	case Datetime:
		p["examples"] = []string{"2014-09-17T10:11:12.123456"}
	case List:
		p["items"] = schemaRef("contribution")
	case ToOne, ToMany:
		one := doc{"type": "string", "format": "uri-reference", "examples": []string{ResourceNamed(f.Target).URI(3)}}
		if sent {
			one = doc{"anyOf": []doc{one, schemaRef(f.Target + ".new")}}
		}
		if f.Type == ToMany {
			p["items"] = one
			return p
		}
		if f.Null {
			one = doc{"anyOf": []doc{one, {"type": "null"}}}
		}
		one["description"] = f.Help
		return one
	}
	return p
}

// filterParameters describe equality on each field and, in words, all else that
// a list takes; a parameter for each operator and relation would be thousands.
func (r *Resource) filterParameters() doc {
	names := r.names()
	all := doc{"order_by": doc{
		"name": "order_by", "in": "query", "explode": true, "schema": doc{"type": "array", "items": doc{"type": "string"}},
		"description": "Repeat it for more keys; - in front: descending. One of " + strings.Join(names, ", ") + ", or a field behind a relation. Without it: by id.",
	}}
	for _, name := range names {
		f := r.named(name)
		about := f.Help
		if f.Type == ident {
			about = "the row's id"
		}
		about += ". Also with __" + strings.Join(operatorsOf(f.Type)[1:], ", __")
		if f.Target != "" && f.Type != ident {
			about += fmt.Sprintf(". An id or a URI; and every field of %s, as in %s__%s", f.Target, name, ResourceNamed(f.Target).Fields[0].Name)
		}
		typ := map[Type]string{Float: "number", Boolean: "boolean", ident: "integer"}[f.Type]
		if typ == "" {
			typ = "string"
		}
		all[name] = doc{"name": name, "in": "query", "description": about, "schema": doc{"type": typ}}
	}
	return all
}

func (r *Resource) filterRefs() []doc {
	refs := []doc{}
	for _, name := range r.names() {
		refs = append(refs, ref("parameters", r.Name+"."+name))
	}
	return append(refs, ref("parameters", "filters"))
}

// operatorsTable tells all operators in Markdown.
func operatorsTable() string {
	var b strings.Builder
	b.WriteString("All filters must hold. A name is field, field__operator, relation__field or relation__field__operator; dimensions such as file_anomaly are fields as well.\n\n| operator | types | selects rows whose field |\n|---|---|---|\n")
	for _, o := range operators {
		var fit []string
		for _, t := range []Type{String, Float, Boolean, Date, Datetime, List, ToOne, ident} {
			if o.fits.has(t) {
				fit = append(fit, typeNames[t])
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", o.name, strings.Join(fit, ", "), o.phrase)
	}
	return b.String()
}
