"""Parts of the REST API that all resources share: errors, paging, casing, ids. They import no resource.

problems            errors as problem details
paging              pages and filters of lists
casing              keys in both casings, and the base classes of schemas
text_fields         types of text fields
timestamps          timestamps in responses
ids                 ids of resources
current_user        the principal that a request is from
unsupported_fields  fields that clients send and this server does not obey
openapi             additions to the generated OpenAPI schema
"""
