package store

// What the OpenAPI document has once for all resources.

func commonSchemas() doc {
	text := doc{"type": "string"}
	fields := doc{"type": "object", "additionalProperties": doc{"type": "array", "items": text}, "description": "field or parameter -> what was wanted of it"}
	return doc{
		"meta": doc{"type": "object", "required": []string{"limit", "offset", "total_count", "next", "previous"}, "properties": doc{
			"limit": doc{"type": "integer"}, "offset": doc{"type": "integer"}, "total_count": doc{"type": "integer", "description": "rows in all pages"},
			"next":     doc{"type": []string{"string", "null"}, "format": "uri-reference"},
			"previous": doc{"type": []string{"string", "null"}, "format": "uri-reference"},
		}},
		"error": doc{"type": "object", "required": []string{"error"}, "properties": doc{
			"error":  doc{"type": "string", "description": "one plain sentence"},
			"fields": fields,
			"errors": doc{"type": "array", "description": "of a list: what is wrong with which object", "items": doc{"type": "object", "properties": doc{
				"index": doc{"type": "integer", "description": "from 0"}, "error": text, "fields": fields,
			}}},
			"request": doc{"type": "string", "description": "names the request in the log"},
		}},
		"contribution": doc{"type": "object", "description": "a part of the model's own breakdown of a score", "properties": doc{
			"name": text, "weight": doc{"type": "number"}, "value": doc{"type": "number"}, "text": text,
		}},
		"label": doc{"type": "object", "description": "what analysts decided about a result; a later label of the same result takes its place", "properties": doc{
			"cursor": doc{"type": "integer"}, "result_uri": doc{"type": "string", "format": "uri-reference"}, "reporter": text, "version": text,
			"employee": text, "date": text, "score": doc{"type": "number"}, "anomalies": doc{"type": "object", "additionalProperties": doc{"type": "number"}},
			"label":   doc{"type": []string{"integer", "null"}, "enum": []any{0, 1, nil}, "description": "1 confirmed, 0 benign or false, null unknown"},
			"verdict": doc{"type": []string{"string", "null"}}, "reason": doc{"type": []string{"string", "null"}}, "note": doc{"type": []string{"string", "null"}},
			"decided_at": doc{"type": []string{"string", "null"}}, "decided_by": doc{"type": []string{"string", "null"}},
			"selected_by": text, "sample_weight": doc{"type": "number"}, "superseded_by": doc{"type": []string{"integer", "null"}},
		}},
	}
}

func parameter(name, about string, schema doc) doc {
	return doc{"name": name, "in": "query", "description": about, "schema": schema}
}

func commonParameters() doc {
	return doc{
		"limit":  parameter("limit", "rows a page; 0 and more than 1000 are 1000", doc{"type": "integer", "minimum": 0, "default": defaultLimit}),
		"offset": parameter("offset", "rows to pass over", doc{"type": "integer", "minimum": 0, "default": 0}),
		"format": parameter("format", "csv and ndjson give all rows that the filters select, in all pages", doc{"type": "string", "enum": []string{"json", "csv", "ndjson"}, "default": "json"}),
		"filters": doc{
			"name": "filters", "in": "query", "style": "form", "explode": true, "description": operatorsTable(),
			"schema": doc{"type": "object", "additionalProperties": doc{"type": "string"}, "examples": []doc{{"score__gte": "0.7", "employee__employee_id__in": "SW001,JN002"}}},
		},
		"Idempotency-Key": doc{
			"name": "Idempotency-Key", "in": "header", "schema": doc{"type": "string", "maxLength": 255},
			"description": "Makes a retry safe for a day: the same key with the same body gives the first answer again and stores nothing; with another body it is refused (422).",
		},
	}
}

func noteHeaders() doc {
	text := doc{"type": "string"}
	return doc{
		"Location":             doc{"description": "path of the new row", "schema": doc{"type": "string", "format": "uri-reference"}},
		"X-Citd-Ignored":       doc{"description": "keys that were sent and not stored", "schema": text},
		"X-Citd-Updated":       doc{"description": "fields of rows that were there, and are changed", "schema": text},
		"X-Citd-New-Dimension": doc{"description": "dimensions that no result had before; look for misspelt ones", "schema": text},
	}
}

func errorResponse() doc {
	return doc{"content": jsonContent(schemaRef("error")), "description": `What is wrong; nothing was stored.

- 400 the request is wrong: fields tells where
- 401 no login, or a wrong one
- 403 the login lacks the right
- 404 no such row
- 405 not that method: Allow names those that there are
- 409 the key or the id belongs to another row
- 413 larger than 1 MiB for one object, or 64 MiB for a list
- 415 not application/json
- 422 the Idempotency-Key was used for something else
- 503 busy or stopping: send it again after Retry-After seconds
- 507 the disk is full`}
}

func feedbackOperation() doc {
	return operation("feedback", "feedback", "Labels for models, in an order that can be read on from",
		doc{"200": doc{"description": "labels after the cursor", "content": doc{
			"application/json": doc{"schema": doc{"type": "object", "properties": doc{
				"objects": doc{"type": "array", "items": schemaRef("label")},
				"meta": doc{"type": "object", "properties": doc{
					"limit": doc{"type": "integer"}, "cursor": doc{"type": "integer"}, "next": doc{"type": []string{"string", "null"}, "format": "uri-reference"},
				}},
			}}},
			"application/x-ndjson": doc{"schema": doc{"type": "string", "description": "with format=ndjson: all labels, one JSON object a line"}},
		}}},
		doc{"parameters": []doc{
			parameter("reporter", "a model's name as posted, or its name without the version", doc{"type": "string"}),
			parameter("since", "the last cursor that was read", doc{"type": "integer", "minimum": 0, "default": 0}),
			parameter("limit", "labels in one answer", doc{"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000}),
			parameter("format", "ndjson gives all labels", doc{"type": "string", "enum": []string{"json", "ndjson"}}),
		}})
}
