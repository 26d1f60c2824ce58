package store

// To be deleted by the commit that brings the real one.
func (m *importer) decision(*jsonValue) error { return nil }
