"""What is true: values and pure functions of the Section 11 cycle. No framework, no I/O, no clock."""
