"""Where s11flow keeps what it knows: tables, transactions, queries and migrations, on SQLite and Postgres alike."""
