"""How fast it is beside what it could not be faster than: each as a ratio, so that any machine tells much the same."""
