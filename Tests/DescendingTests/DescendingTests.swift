// Descending tests
