package store

// To be deleted by the commit that brings the real one.
func audit(*Tx, Actor, string, string, int64, string) error { return nil }
