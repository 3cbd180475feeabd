"""Generate stage: plans how many new rows each slice needs, and gets the rows from a teacher."""
