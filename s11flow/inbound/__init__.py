"""What comes in by mail, judged: what a file is by its content, and whose mail it is by what the register knows.

Pure: mail and facts of the register in, a verdict with its reason out. Nothing is fetched, stored or asked here.
"""
