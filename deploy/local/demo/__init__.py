"""A demo region that feels real: schools, people and six weeks of school life, the same for the same seed."""
