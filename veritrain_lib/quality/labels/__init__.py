"""Label issues: rows whose label students contradict that were trained without them."""
