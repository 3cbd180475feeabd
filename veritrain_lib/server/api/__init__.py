"""The REST API under /api/v1, as existing clients know it.

casing      keys in both casings, in and out
paging      pages of a list
problems    errors as problem details
"""
