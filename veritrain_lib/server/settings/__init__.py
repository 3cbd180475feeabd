"""System settings that people change while the server runs, for every room that obeys one.

sections  the settings with their defaults and ranges
stored    read, change and reset them
usage     disk usage of the record
"""
