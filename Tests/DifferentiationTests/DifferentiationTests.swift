// Differentiation tests
