"""Label issues: rows whose label is contradicted by models that were trained without them."""
