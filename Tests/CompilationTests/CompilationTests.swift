// Compilation tests
