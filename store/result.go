package store

import "database/sql"

// Result is what a model said about a person. Score and dimensions are on the
// model's own scale; a dimension that is not valid was not measured, which is not 0.
type Result struct {
	ID, Employee, Date        int64
	Evidence                  []int64
	Reporter                  string
	Flag                      bool
	Score                     float64
	Email, Web, Device, Login sql.Null[float64]
	Extra                     []Anomaly
	Contributions, RunID      string
	Receipt                   Receipt
	Alert                     int64 // set when it is stored; not read back
}

// Results declares the resource detectionmodelresult.
var Results = declare(Resource{
	Name: "detectionmodelresult", Help: "what a model said about a person at a time", Receipt: true,
	Link:  Link{Table: "result_evidence", Near: "result", Far: "evidence"},
	seal:  func(row any) *Receipt { return &row.(*Result).Receipt },
	extra: func(row any) *[]Anomaly { return &row.(*Result).Extra },
	own:   []Field{One("alert", "", "what holds it", func(r *Result) *int64 { return &r.Alert })},
	Fields: []Field{
		One("employee", "employee", "the person", func(r *Result) *int64 { return &r.Employee }),
		Instant("date", "when", func(r *Result) *int64 { return &r.Date }),
		Many("evidence", "detectionevidence", "the reasons", func(r *Result) *[]int64 { return &r.Evidence }),
		Text("reporter", "the model's name", func(r *Result) *string { return &r.Reporter }),
		Flag("flag", "the model says that this one is important", func(r *Result) *bool { return &r.Flag }),
		Real("score", "on the model's own scale", func(r *Result) *float64 { return &r.Score }),
		RealOrNull("email_anomaly", "how unusual e-mail was", func(r *Result) *sql.Null[float64] { return &r.Email }),
		RealOrNull("web_anomaly", "how unusual web use was", func(r *Result) *sql.Null[float64] { return &r.Web }),
		RealOrNull("device_anomaly", "how unusual device use was", func(r *Result) *sql.Null[float64] { return &r.Device }),
		RealOrNull("login_anomaly", "how unusual logins were", func(r *Result) *sql.Null[float64] { return &r.Login }),
		Raw("contributions", "the model's own breakdown: [{name, weight, value, text}]", func(r *Result) *string { return &r.Contributions }),
		Text("run_id", "the run that made it", func(r *Result) *string { return &r.RunID }),
	},
}, func(r *Result) *int64 { return &r.ID })
