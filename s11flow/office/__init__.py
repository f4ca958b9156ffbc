"""Word files and workbooks, written and read; knows nothing of section 11."""
