"""Code that all resources of the REST API share: errors, pages of lists, JSON key casing, ids. It imports no resource.

problems            error responses as problem details (RFC 9457)
paging              query parameters of lists, and the JSON around a page
casing              JSON keys in camelCase and snake_case, and the base classes of request and response models
text_fields         types of text fields in request bodies
timestamps          times in responses
ids                 ids of models
current_user        the authenticated user or service that sent a request
unsupported_fields  fields that existing clients send and on which this server does not act
openapi             additions to the OpenAPI document that FastAPI generates
"""
