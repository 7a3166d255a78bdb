// Arrays tests
