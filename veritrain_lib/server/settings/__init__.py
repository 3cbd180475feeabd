"""Settings that people change while the server runs, and their effects.

sections      the system settings with their defaults and ranges
supported     the settings that are not supported
stored        read, change and reset the system settings
preferences   preferences of a user
usage         disk usage of the record
connection    connection test of a configured service
cleanup       deletion of data that is no longer needed
"""
