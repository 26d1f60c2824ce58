package handlers

// apiRoutes are the routes under /data-sub/api/.
func (s *server) apiRoutes() []route { return nil }
