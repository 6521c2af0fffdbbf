"""What several of the tests and the benchmark stand on."""
