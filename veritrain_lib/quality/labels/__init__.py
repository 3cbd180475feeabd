"""Label issues: rows whose label is contradicted by students that were trained without them."""
