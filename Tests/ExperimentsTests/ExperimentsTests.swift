// Experiments tests
