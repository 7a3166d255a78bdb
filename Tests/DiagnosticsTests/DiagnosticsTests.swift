// Diagnostics tests
