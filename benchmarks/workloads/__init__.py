"""What puts load on a part and what the worker is compared with: events, paced senders, the limit, a Faust table.

May import: `instruments` and the rooms of services.
Imported by: `sections`, which also start them as processes.
"""
