package store

import "io"

// To be deleted by the commit that brings the real one.
func readCSV(io.Reader, *Resource, func(line int, body []byte, err error) error) error { return nil }
