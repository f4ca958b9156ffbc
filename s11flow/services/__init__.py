"""What is done: one function per use case. Each loads, settles, decides and saves in one transaction."""
