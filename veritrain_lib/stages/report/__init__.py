"""Report stage: writes what changed, improved and regressed in a round or a loop, and recommends the next step."""
