package store

// Address is where an employee lives.
type Address struct {
	ID                                    int64
	Line1, Line2, City, Postcode, Country string
}

// Addresses declares the resource address.
var Addresses = declare(Resource{
	Name: "address", Help: "where an employee lives",
	Fields: []Field{
		Text("line1", "first line", func(a *Address) *string { return &a.Line1 }).Private(),
		Text("line2", "second line", func(a *Address) *string { return &a.Line2 }).Private(),
		Text("city", "city", func(a *Address) *string { return &a.City }).Private(),
		Text("postcode", "post code", func(a *Address) *string { return &a.Postcode }).Private(),
		Text("country", "country", func(a *Address) *string { return &a.Country }).Private(),
	},
}, func(a *Address) *int64 { return &a.ID })
