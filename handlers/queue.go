package handlers

// pageRoutes are the routes of the dashboard.
func (s *server) pageRoutes() []route { return nil }
