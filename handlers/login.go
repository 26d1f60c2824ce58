package handlers

// doorRoutes are the routes of signing in and out, and of health.
func (s *server) doorRoutes() []route { return nil }
