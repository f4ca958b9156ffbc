"""What the letters say and to whom: facts in, addressed drafts out; nothing here stores, sends or knows the time."""
