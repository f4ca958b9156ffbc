"""s11flow: the workflow and case-management engine of a safeguarding partnership's Section 11 cycle."""
