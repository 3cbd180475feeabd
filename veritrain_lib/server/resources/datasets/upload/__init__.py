"""Upload of files of rows: from the request body to a draft dataset in the tracking store.

receiving     reads the request body: a file with form fields, or a JSON description
openapi_body  describes that body in the OpenAPI document
reading       turns the file into a table of texts, and rejects unsupported formats
matching      finds the task of a table by its columns
checking      checks the rows against the task, and names the wrong ones
filing        stores a draft dataset in an MLflow run of its own
versions      computes the rows of a dataset's next version
drafts        the three ways to create a draft, made of the modules above: upload, empty draft, next version
"""
