"""Keeps bad data out: the only room that knows Great Expectations.

Read in this order: `suite` (what a gate file may say), `context` (what checks may look at), `checks/` (one
rule a file), `gate` (the whole flow: `judge` and `screen`), `verdict` (what comes out), `data_docs` (a page
of it), `review` (what people say of a sample), `catalogue` (the rule catalogue in gates/README.md). `engine` is where
Great Expectations is called, `measured` how numbers about the whole dataset are judged, `own_rules` how a user's come in.
"""
