package store

// Role is what an account may do; the route table says where.
type Role string

// Roles of people, then of tokens (CONTRACT section 14).
const (
	Admin   Role = "admin"   // everything
	Analyst Role = "analyst" // looks and decides
	Viewer  Role = "viewer"  // looks
	Script  Role = "script"  // reads and writes the resources, no dashboard
	Ingest  Role = "ingest"  // posts, reads nothing about people
)

// Actor is the account in whose name something happens.
type Actor struct {
	ID   int64
	Name string
	Role Role
}
