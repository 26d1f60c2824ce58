// Package templates holds the dashboard: each HTML file with the Go type that it shows, and the
// static files that pages load. The types are plain; handlers fill them.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"sync"

	"citd/store"
)

//go:embed *.html partials/*.html static/*
var files embed.FS

// The pages. Each ties one file to one type. A file is parsed when its page is first shown: all of
// them take longer than the rest of a start. One that does not parse fails the tests, which show each.
var (
	Queue    = page[QueueData]("queue.html")
	Alert    = page[AlertData]("alert.html")
	Person   = page[PersonData]("person.html")
	People   = page[PeopleData]("people.html")
	Models   = page[ModelsData]("models.html")
	Activity = page[ActivityData]("activity.html")
	Login    = page[LoginData]("login.html")
	Welcome  = page[WelcomeData]("welcome.html")
	FirstRun = page[FirstRunData]("firstrun.html")
	Error    = page[ErrorData]("error.html")
	Settings = page[SettingsData]("settings.html")
)

// Rows is the fragment of queue rows that an open page fetches to insert or replace: <tr> elements
// without a table. One row is a slice of one.
var Rows = &Page[[]Row]{parsed(), "rows"}

// Peek is the fragment for the panel beside the queue.
var Peek = &Page[PeekData]{parsed(), "peek"}

// shared holds the layout and the partials. It is only copied: what was shown once cannot be added to.
var shared = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(funcs).ParseFS(files, "layout.html", "partials/*.html"))
})

// Page is a template that shows a T.
type Page[T any] struct {
	tmpl func() *template.Template
	root string
}

func page[T any](file string) *Page[T] { return &Page[T]{parsed(file), "layout"} }

// parsed returns what is shared with further files.
func parsed(more ...string) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		t := template.Must(shared().Clone())
		if len(more) > 0 {
			t = template.Must(t.ParseFS(files, more...))
		}
		return t
	})
}

// Render returns the whole page, so that a failure half way never reaches a client. Control
// characters in strangers' text are seen as pictures.
func (p *Page[T]) Render(data T) ([]byte, error) {
	var b bytes.Buffer
	if err := p.tmpl().ExecuteTemplate(&b, p.root, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", p.root, err)
	}
	return []byte(store.Visible(b.String())), nil
}
