"""The same reminders by other people's engines, each in an environment of its own.

One reminder for each case: a durable step that leaves one row in an outbox, once, whatever fails in between. The
programs in the folders are run by their peer's own Python and import nothing of ours.
"""
