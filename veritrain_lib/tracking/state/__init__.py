"""Veri-Train's own database tables beside MLflow's, which processes and machines share.

database        which database holds the tables, connections to it, and changes that exclude each other
tables          definitions of the tables
migrate         creates the tables, or brings them up to date
claims          claims on work: lock files of this machine, or leases where machines share the tracking store
leases          claims in the database, kept by a heartbeat
process_leases  which processes are alive, on any machine
look_table      stored looks, which are counted comparisons on held-out test sets
jobs            jobs for workers: queued, taken, kept by a heartbeat, ended
job_counts      numbers of jobs and leases, for Prometheus
workers         workers that run, and what each does
files           files that are sent to workers
event_table     events of runs, appended by any process and followed by number
"""
