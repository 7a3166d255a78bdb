// Parameters tests
