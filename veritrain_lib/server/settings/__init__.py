"""Settings that an admin can change while the server runs, stored in its database.

sections  schema of the settings, with defaults and ranges
stored    functions that read, change and reset them
usage     measured disk usage, which the setting `storage.max_storage_gb` limits
"""
