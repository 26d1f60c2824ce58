package handlers

import (
	"net/http"

	"citd/store"
)

// openAPI answers the API's description in OpenAPI 3.1.
func (s *server) openAPI(w http.ResponseWriter, _ *request) error {
	b, err := store.OpenAPI()
	if err != nil {
		return err
	}
	send(w, http.StatusOK, "application/json", b)
	return nil
}
