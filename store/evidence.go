package store

// Evidence is a reason for a result.
type Evidence struct {
	ID                            int64
	Description, Type, Subject    string
	From, To                      int64
	SourceRef, WebLink, Technique string
	Exculpatory                   bool
	Receipt                       Receipt
}

// Evidences declares the resource detectionevidence.
var Evidences = declare(Resource{
	Name: "detectionevidence", Help: "a reason for a result", Receipt: true,
	seal: func(row any) *Receipt { return &row.(*Evidence).Receipt },
	Fields: []Field{
		Text("description", "what was seen", func(e *Evidence) *string { return &e.Description }).Long(),
		Text("evidence_type", "email, web, device, login, file, hr, policy or another word", func(e *Evidence) *string { return &e.Type }),
		Instant("date_from", "start of what was seen", func(e *Evidence) *int64 { return &e.From }),
		Instant("date_to", "its end", func(e *Evidence) *int64 { return &e.To }),
		Text("subject", "address, host, device or file concerned", func(e *Evidence) *string { return &e.Subject }),
		Text("source_ref", "reference in the system it came from", func(e *Evidence) *string { return &e.SourceRef }),
		Text("link", "where to read more", func(e *Evidence) *string { return &e.WebLink }),
		Text("technique", "ATT&CK id", func(e *Evidence) *string { return &e.Technique }),
		Flag("exculpatory", "speaks for the person", func(e *Evidence) *bool { return &e.Exculpatory }),
	},
}, func(e *Evidence) *int64 { return &e.ID })
